[(identifier) (type_identifier)] @use
(qualified_type package: (package_identifier) @use name: (type_identifier) @member)

[(function_declaration) (method_declaration) (func_literal)] @scope

(function_declaration name: (identifier) @define)
(type_spec name: (type_identifier) @bind)
(type_alias name: (type_identifier) @bind)
(short_var_declaration left: (expression_list (identifier) @bind))
(var_spec name: (identifier) @bind)
(const_spec name: (identifier) @bind)
(parameter_declaration name: (identifier) @bind)
(variadic_parameter_declaration name: (identifier) @bind)
(type_parameter_declaration name: (identifier) @bind)
(range_clause left: (expression_list (identifier) @bind))
(receive_statement left: (expression_list (identifier) @bind))
(type_switch_statement alias: (expression_list (identifier) @bind))
(import_spec name: (package_identifier) @bind)

(keyed_element . (literal_element (identifier) @member))
