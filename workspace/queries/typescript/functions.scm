(function_declaration return_type: (type_annotation (_) @return)) @function
(generator_function_declaration return_type: (type_annotation (_) @return)) @function
(method_definition return_type: (type_annotation (_) @return)) @function
(variable_declarator value: (arrow_function return_type: (type_annotation (_) @return))) @function
(variable_declarator value: (function_expression return_type: (type_annotation (_) @return))) @function

(required_parameter pattern: (_) @parameter.name) @parameter
(optional_parameter pattern: (_) @parameter.name) @parameter
(required_parameter pattern: (rest_pattern (identifier) @parameter.name)) @parameter
(required_parameter pattern: (_) @parameter.name type: (type_annotation (_) @parameter.type)) @parameter
(optional_parameter pattern: (_) @parameter.name type: (type_annotation (_) @parameter.type)) @parameter
