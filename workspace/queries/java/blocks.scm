(method_declaration name: (_) @name) @function
(constructor_declaration name: (_) @name) @function
(compact_constructor_declaration name: (_) @name) @function
(static_initializer) @function

(class_declaration name: (_) @name body: (_) @body) @class
(interface_declaration name: (_) @name body: (_) @body) @class
(record_declaration name: (_) @name body: (_) @body) @class
(enum_declaration name: (_) @name body: (_) @body) @class
(annotation_type_declaration name: (_) @name body: (_) @body) @class

(field_declaration declarator: (variable_declarator name: (_) @name)) @define
(constant_declaration declarator: (variable_declarator name: (_) @name)) @define
(enum_constant name: (_) @name) @define
[(enum_body_declarations) (ERROR)] @scope

[(line_comment) (block_comment)] @attached
