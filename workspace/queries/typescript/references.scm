; Besides those of ecmascript.
(extends_clause value: [
  (identifier) @type
  (member_expression property: (property_identifier) @type)
])
(type_identifier) @type
