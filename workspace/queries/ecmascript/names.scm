; Shared by JavaScript and TypeScript.
(identifier) @use
(shorthand_property_identifier) @use

[(function_declaration) (generator_function_declaration) (function_expression) (generator_function)
 (arrow_function) (method_definition)] @scope

(function_declaration name: (identifier) @define)
(generator_function_declaration name: (identifier) @define)
(class_declaration name: (_) @bind)
(class name: (_) @bind)
(function_expression name: (identifier) @bind)
(variable_declarator name: (identifier) @bind)
(shorthand_property_identifier_pattern) @bind
(array_pattern (identifier) @bind)
(pair_pattern value: (identifier) @bind)
(assignment_pattern left: (identifier) @bind)
(rest_pattern (identifier) @bind)
(arrow_function parameter: (identifier) @bind)
(catch_clause parameter: (identifier) @bind)
(for_in_statement left: (identifier) @bind)
(import_clause (identifier) @bind)
(namespace_import (identifier) @bind)
(import_specifier name: (identifier) @bind)
(import_specifier name: (identifier) @member alias: (identifier) @bind)
(export_specifier alias: (identifier) @member)
(export_statement (export_clause (export_specifier name: (identifier) @member)) source: (_))
