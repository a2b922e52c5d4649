; Besides those of C.
(call_expression function: [
  (qualified_identifier) @call
  (template_function name: (identifier) @call)
  (field_expression field: (template_method name: (field_identifier) @call))
])
