(call function: (identifier) @call)
(call function: (attribute attribute: (identifier) @call))
(decorator [(identifier) @call (attribute attribute: (identifier) @call)])

(class_definition superclasses: (argument_list
  [(identifier) @type (attribute attribute: (identifier) @type)]))
(type [(identifier) @type (attribute attribute: (identifier) @type)])
(type (binary_operator (identifier) @type))
(generic_type (identifier) @type)
