(function_declaration name: (_) @name parameters: (_) @parameters body: (_) @body) @function
(function_declaration result: (_) @return) @function
(method_declaration name: (_) @name parameters: (_) @parameters body: (_) @body) @function
(method_declaration result: (_) @return) @function

(parameter_declaration name: (identifier) @parameter.name type: (_) @parameter.type) @parameter
(variadic_parameter_declaration name: (identifier) @parameter.name type: (_) @parameter.type) @parameter
