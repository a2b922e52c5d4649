[(identifier) (type_identifier)] @use

(function_definition) @scope

(function_declarator declarator: (identifier) @define)
(init_declarator declarator: (identifier) @bind)
(declaration declarator: (identifier) @bind)
(parameter_declaration declarator: (identifier) @bind)
(pointer_declarator declarator: (identifier) @bind)
(array_declarator declarator: (identifier) @bind)
(parenthesized_declarator (identifier) @bind)
(enumerator name: (identifier) @bind)
(type_definition declarator: (type_identifier) @bind)
(pointer_declarator declarator: (type_identifier) @bind)
(function_declarator declarator: (type_identifier) @bind)
(struct_specifier name: (type_identifier) @bind)
(union_specifier name: (type_identifier) @bind)
(enum_specifier name: (type_identifier) @bind)
(preproc_def name: (identifier) @bind)
(preproc_function_def name: (identifier) @bind)
(preproc_params (identifier) @bind)

(preproc_defined (identifier) @member)
(preproc_ifdef name: (identifier) @member)
(attribute name: (identifier) @member)
