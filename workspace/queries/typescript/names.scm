; Besides those of ecmascript.
(type_identifier) @use

(required_parameter pattern: (identifier) @bind)
(optional_parameter pattern: (identifier) @bind)
(abstract_class_declaration name: (type_identifier) @bind)
(interface_declaration name: (type_identifier) @bind)
(type_alias_declaration name: (type_identifier) @bind)
(enum_declaration name: (identifier) @bind)
(function_signature name: (identifier) @bind)
(internal_module name: (identifier) @bind)
(module name: (identifier) @bind)
(type_parameter name: (type_identifier) @bind)
(mapped_type_clause name: (type_identifier) @bind)
(infer_type (type_identifier) @bind)
(index_signature name: (identifier) @bind)
(import_require_clause (identifier) @bind)
(import_alias . (identifier) @bind)

(nested_type_identifier name: (type_identifier) @member)
