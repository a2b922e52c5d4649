; Besides those of c.
(lambda_expression) @scope

(class_specifier name: (type_identifier) @bind)
(alias_declaration name: (type_identifier) @bind)
(concept_definition name: (identifier) @bind)
(reference_declarator (identifier) @bind)
(structured_binding_declarator (identifier) @bind)
(for_range_loop declarator: (identifier) @bind)
(optional_parameter_declaration declarator: (identifier) @bind)
(lambda_capture_initializer left: (identifier) @bind)
(type_parameter_declaration (type_identifier) @bind)
(variadic_type_parameter_declaration (type_identifier) @bind)
(optional_type_parameter_declaration name: (type_identifier) @bind)
(variadic_declarator (identifier) @bind)
(using_declaration (identifier) @bind)
(using_declaration (qualified_identifier name: (identifier) @bind))

(qualified_identifier name: (_) @member)
(attribute (identifier) @member)
