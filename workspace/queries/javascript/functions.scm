(formal_parameters (identifier) @parameter @parameter.name)
(formal_parameters (assignment_pattern left: (identifier) @parameter.name) @parameter)
(formal_parameters (rest_pattern (identifier) @parameter.name) @parameter)
