; Shared by C and C++.
(call_expression function: [
  (identifier) @call
  (field_expression field: (field_identifier) @call)
])
(type_identifier) @type
