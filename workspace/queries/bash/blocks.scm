(function_definition name: (_) @name) @function

(variable_assignment name: (_) @name) @define
(declaration_command (variable_assignment name: (_) @name)) @define
[(if_statement) (else_clause) (elif_clause) (ERROR)] @scope

(comment) @attached
