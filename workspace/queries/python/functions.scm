(function_definition name: (_) @name parameters: (_) @parameters body: (_) @body) @function
(function_definition return_type: (_) @return) @function
(function_definition body: (block . (expression_statement (string)) @doc)) @function
(decorated_definition definition: (function_definition) @function) @outer

(parameters (identifier) @parameter @parameter.name)
(parameters (default_parameter name: (identifier) @parameter.name) @parameter)
(parameters (list_splat_pattern (identifier) @parameter.name) @parameter)
(parameters (dictionary_splat_pattern (identifier) @parameter.name) @parameter)
(parameters (typed_parameter . (identifier) @parameter.name type: (_) @parameter.type) @parameter)
(parameters (typed_parameter . (list_splat_pattern (identifier) @parameter.name)
  type: (_) @parameter.type) @parameter)
(parameters (typed_parameter . (dictionary_splat_pattern (identifier) @parameter.name)
  type: (_) @parameter.type) @parameter)
(parameters (typed_default_parameter name: (identifier) @parameter.name
  type: (_) @parameter.type) @parameter)
