(function_declaration name: (_) @name) @function
(assignment_statement
  (variable_list . name: (_) @name .)
  (expression_list . value: (function_definition) .)) @function
(variable_declaration (assignment_statement
  (variable_list . name: (_) @name .)
  (expression_list . value: (function_definition) .))) @function

(variable_declaration (assignment_statement (variable_list name: (_) @name))) @define
(assignment_statement (variable_list name: (_) @name)) @define
[(do_statement) (if_statement) (ERROR)] @scope

(comment) @attached
