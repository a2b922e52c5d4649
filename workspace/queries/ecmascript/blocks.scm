; Shared by JavaScript and TypeScript.
(function_declaration name: (_) @name) @function
(generator_function_declaration name: (_) @name) @function
(export_statement declaration: (function_declaration name: (_) @name)) @function
(export_statement declaration: (generator_function_declaration name: (_) @name)) @function
(export_statement value: [(arrow_function) (function_expression)]) @function

; const f = () => ..., const f = memo(() => ...)
(lexical_declaration (variable_declarator name: (identifier) @name
  value: [(arrow_function) (function_expression) (generator_function)])) @function
(lexical_declaration (variable_declarator name: (identifier) @name
  value: (call_expression arguments: (arguments . [(arrow_function) (function_expression)])))) @function
(variable_declaration (variable_declarator name: (identifier) @name
  value: [(arrow_function) (function_expression) (generator_function)])) @function
(export_statement declaration: (lexical_declaration (variable_declarator name: (identifier) @name
  value: [(arrow_function) (function_expression)]))) @function
(export_statement declaration: (lexical_declaration (variable_declarator name: (identifier) @name
  value: (call_expression arguments: (arguments . [(arrow_function) (function_expression)]))))) @function

; module.exports.f = function () ..., A.prototype.f = ...
(expression_statement (assignment_expression left: (_) @name
  right: [(arrow_function) (function_expression) (generator_function)])) @function

(class_declaration name: (_) @name body: (_) @body) @class
(export_statement declaration: (class_declaration name: (_) @name body: (_) @body)) @class
(export_statement value: (class body: (_) @body)) @class
(lexical_declaration (variable_declarator name: (identifier) @name value: (class body: (_) @body))) @class
(expression_statement (assignment_expression left: (_) @name right: (class body: (_) @body))) @class

(method_definition name: (_) @name) @function

(lexical_declaration (variable_declarator name: (identifier) @name)) @define
(variable_declaration (variable_declarator name: (identifier) @name)) @define
(export_statement declaration: (lexical_declaration (variable_declarator name: (identifier) @name))) @define

; (function () { ... })();
(expression_statement (call_expression
  function: (parenthesized_expression [(function_expression body: (_) @body) (arrow_function body: (_) @body)]))) @scope
[(if_statement) (else_clause) (statement_block) (ERROR)] @scope

[(comment) (decorator)] @attached
