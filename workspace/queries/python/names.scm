(identifier) @use

(function_definition) @scope
(lambda) @scope
[(list_comprehension) (set_comprehension) (dictionary_comprehension) (generator_expression)] @scope
(class_definition) @class

(function_definition name: (identifier) @define)
(class_definition name: (identifier) @define)
(parameters (identifier) @bind)
(lambda_parameters (identifier) @bind)
(default_parameter name: (identifier) @bind)
(typed_parameter (identifier) @bind)
(typed_default_parameter name: (identifier) @bind)
(list_splat_pattern (identifier) @bind)
(dictionary_splat_pattern (identifier) @bind)
(tuple_pattern (identifier) @bind)
(list_pattern (identifier) @bind)
(pattern_list (identifier) @bind)
(assignment left: (identifier) @bind)
(named_expression name: (identifier) @bind)
(for_statement left: (identifier) @bind)
(for_in_clause left: (identifier) @bind)
(as_pattern_target (identifier) @bind)
(as_pattern_target (tuple (identifier) @bind))
(global_statement (identifier) @bind)
(nonlocal_statement (identifier) @bind)
(case_pattern (dotted_name . (identifier) @bind .))
(case_pattern (splat_pattern (identifier) @bind))
(as_pattern (case_pattern) (identifier) @bind)
(type_parameter (type (identifier) @bind))
(type_alias_statement left: (type (identifier) @bind))

(import_statement name: (dotted_name . (identifier) @bind))
(import_statement name: (dotted_name (identifier) (identifier) @member))
(import_from_statement name: (dotted_name (identifier) @bind))
(import_from_statement module_name: (dotted_name (identifier) @member))
(import_from_statement module_name: (relative_import (dotted_name (identifier) @member)))
(future_import_statement (dotted_name (identifier) @member))
(aliased_import name: (dotted_name (identifier) @member) alias: (identifier) @bind)
(wildcard_import) @everything

(attribute attribute: (identifier) @member)
(keyword_argument name: (identifier) @member)
(keyword_pattern (identifier) @member)
