; Besides those of C. A template is one definition with what it declares.
(template_declaration (function_definition declarator: (_) @name)) @function

(class_specifier name: (_) @name body: (_) @body) @class
(struct_specifier name: (_) @name body: (_) @body) @class
(template_declaration (class_specifier name: (_) @name body: (_) @body)) @class
(template_declaration (struct_specifier name: (_) @name body: (_) @body)) @class
(field_declaration type: (class_specifier name: (_) @name body: (_) @body)) @class
(field_declaration type: (struct_specifier name: (_) @name body: (_) @body)) @class
(template_declaration (concept_definition name: (_) @name)) @function

(template_declaration (declaration declarator: (_) @name)) @define
(field_declaration declarator: (_) @name) @define
(alias_declaration name: (_) @name) @define
(template_declaration (alias_declaration name: (_) @name)) @define

(namespace_definition name: (_) @name body: (_) @body) @scope
(namespace_definition !name body: (_) @body) @scope
(linkage_specification body: (function_definition declarator: (_) @name)) @function
