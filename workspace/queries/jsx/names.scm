; Tags are not looked up: html's are not names.
(jsx_opening_element name: (identifier) @member)
(jsx_closing_element name: (identifier) @member)
(jsx_self_closing_element name: (identifier) @member)
