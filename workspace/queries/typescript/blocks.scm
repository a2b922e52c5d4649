; Besides those of ecmascript.
(abstract_class_declaration name: (_) @name body: (_) @body) @class
(export_statement declaration: (abstract_class_declaration name: (_) @name body: (_) @body)) @class
(interface_declaration name: (_) @name) @class
(export_statement declaration: (interface_declaration name: (_) @name)) @class
(enum_declaration name: (_) @name) @class
(export_statement declaration: (enum_declaration name: (_) @name)) @class
(type_alias_declaration name: (_) @name) @class
(export_statement declaration: (type_alias_declaration name: (_) @name)) @class

(public_field_definition name: (_) @name value: [(arrow_function) (function_expression)]) @function
(public_field_definition name: (_) @name) @define
(function_signature name: (_) @name) @define
(abstract_method_signature name: (_) @name) @define

(internal_module name: (_) @name body: (_) @body) @scope
(expression_statement (internal_module name: (_) @name body: (_) @body)) @scope
(export_statement declaration: (internal_module name: (_) @name body: (_) @body)) @scope
[(ambient_declaration) (module)] @scope
