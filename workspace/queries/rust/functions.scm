(function_item name: (_) @name parameters: (_) @parameters body: (_) @body) @function
(function_item return_type: (_) @return) @function

(parameter pattern: (_) @parameter.name type: (_) @parameter.type) @parameter
