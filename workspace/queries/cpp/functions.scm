; Besides those of C.
(function_definition
  declarator: (reference_declarator (function_declarator
    declarator: (_) @name parameters: (_) @parameters))
  body: (_) @body) @function
(template_declaration (function_definition) @function) @outer

(optional_parameter_declaration type: (_) @parameter.type declarator: (_) @parameter.name) @parameter
