(method_declaration type: (_) @return name: (_) @name parameters: (_) @parameters body: (_) @body) @function
(constructor_declaration name: (_) @name parameters: (_) @parameters body: (_) @body) @function

(formal_parameter type: (_) @parameter.type name: (_) @parameter.name) @parameter
