; Shared by C and C++.
(function_definition
  declarator: (function_declarator declarator: (_) @name parameters: (_) @parameters)
  body: (_) @body) @function
(function_definition
  declarator: (pointer_declarator declarator: (function_declarator
    declarator: (_) @name parameters: (_) @parameters))
  body: (_) @body) @function
(function_definition type: (_) @return) @function

(parameter_declaration type: (_) @parameter.type declarator: (_) @parameter.name) @parameter
