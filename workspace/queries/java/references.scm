(method_invocation name: (identifier) @call)
(type_identifier) @type
