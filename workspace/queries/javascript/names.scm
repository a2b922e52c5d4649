; Besides those of ecmascript.
(formal_parameters (identifier) @bind)
