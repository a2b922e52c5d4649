; Besides those of ecmascript.
(class_heritage [
  (identifier) @type
  (member_expression property: (property_identifier) @type)
])
