(function_item name: (_) @name) @function
(macro_definition name: (_) @name) @function

(struct_item name: (_) @name) @class
(enum_item name: (_) @name) @class
(union_item name: (_) @name) @class
(trait_item name: (_) @name body: (_) @body) @class

(const_item name: (_) @name) @define
(static_item name: (_) @name) @define
(type_item name: (_) @name) @define
(function_signature_item name: (_) @name) @define

(impl_item type: (_) @name body: (_) @body) @type
(mod_item name: (_) @name body: (_) @body) @scope
(foreign_mod_item body: (_) @body) @scope
(ERROR) @scope

[(line_comment) (block_comment) (attribute_item)] @attached
