-- For vim.lsp.enable('rondo') on Neovim 0.11 and newer, in place of the server that setup() starts.
return {
  cmd = require('rondo.server').command() or { 'rondo', 'lsp', '--stdio' },
  root_markers = { '.git' },
  flags = { debounce_text_changes = 0 },
  capabilities = {
    textDocument = { inlineCompletion = { dynamicRegistration = false } },
    experimental = { rondoAnswers = true },
  },
}
