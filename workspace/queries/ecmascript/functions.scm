(function_declaration name: (_) @name parameters: (_) @parameters body: (_) @body) @function
(generator_function_declaration name: (_) @name parameters: (_) @parameters body: (_) @body) @function
(method_definition name: (_) @name parameters: (_) @parameters body: (_) @body) @function
(variable_declarator name: (identifier) @name value: (arrow_function
  parameters: (_) @parameters body: (statement_block) @body)) @function
(variable_declarator name: (identifier) @name value: (function_expression
  parameters: (_) @parameters body: (_) @body)) @function

(lexical_declaration (variable_declarator value: [(arrow_function) (function_expression)]) @function) @outer
(variable_declaration (variable_declarator value: [(arrow_function) (function_expression)]) @function) @outer
(export_statement declaration: (function_declaration) @function) @outer
(export_statement declaration: (generator_function_declaration) @function) @outer
(export_statement declaration: (lexical_declaration
  (variable_declarator value: [(arrow_function) (function_expression)]) @function)) @outer
