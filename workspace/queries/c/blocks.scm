; Shared by C and C++.
(function_definition declarator: (_) @name) @function
(preproc_function_def name: (_) @name) @function

(struct_specifier name: (_) @name body: (_)) @class
(union_specifier name: (_) @name body: (_)) @class
(enum_specifier name: (_) @name body: (_)) @class
(type_definition type: (_ body: (_)) declarator: (_) @name) @class

(type_definition declarator: (_) @name) @define
(declaration declarator: (_) @name) @define
(preproc_def name: (_) @name) @define
(enum_specifier body: (enumerator_list (enumerator name: (_) @name))) @define

(linkage_specification body: (declaration_list) @body) @scope
[(preproc_if) (preproc_ifdef) (preproc_elif) (preproc_else) (ERROR)] @scope

(comment) @attached
