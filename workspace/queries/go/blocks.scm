(function_declaration name: (_) @name) @function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @owner
    (pointer_type (type_identifier) @owner)
    (generic_type type: (_) @owner)
    (pointer_type (generic_type type: (_) @owner))
  ]))
  name: (_) @name) @function

(type_declaration . (type_spec name: (_) @name) .) @class
(type_declaration (type_spec name: (_) @name)) @define
(type_declaration (type_alias name: (_) @name)) @define
(const_declaration (const_spec name: (_) @name)) @define
(var_declaration (var_spec name: (_) @name)) @define
(var_declaration (var_spec_list (var_spec name: (_) @name))) @define
(ERROR) @scope

(comment) @attached
