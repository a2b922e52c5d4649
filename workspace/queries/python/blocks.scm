(function_definition name: (_) @name) @function
(decorated_definition definition: (function_definition name: (_) @name)) @function

(class_definition name: (_) @name body: (_) @body) @class
(decorated_definition definition: (class_definition name: (_) @name body: (_) @body)) @class

(expression_statement (assignment left: (identifier) @name)) @define
(type_alias_statement left: (_) @name) @define

; if TYPE_CHECKING: ..., try: import ...
[
  (if_statement) (elif_clause) (else_clause)
  (try_statement) (except_clause) (finally_clause)
  (with_statement) (block) (ERROR)
] @scope

(comment) @attached
