-- The options of setup(): their defaults, and a check of what the user gave.
local M = {}

M.defaults = {
  -- The program: its path, or the whole command as a list. nil: `rondo` on PATH, then ~/.local/bin/rondo.
  cmd = nil,
  -- Run the model in this Neovim's server itself, in place of the daemon that all editors share.
  standalone = false,
  -- Whether a file of a type is completed; '*' is every other type.
  filetypes = {
    ['*'] = true,
    gitcommit = false,
    gitrebase = false,
    help = false,
    netrw = false,
    qf = false,
  },
  -- Asked for each buffer before each request; false: nothing is suggested now.
  enabled = function(_)
    return true
  end,
  -- Suggest while typing; false: only when asked.
  auto = true,
  -- Count what was shown, accepted and kept, on this machine, for :Rondo counters.
  count = false,
  -- How long after a keystroke the question is sent. The text itself is sent at once.
  debounce_ms = 50,
  -- The highlight group that ghost text is linked to.
  highlight = 'Comment',
  -- Insert mode. false for one: no key; `keymaps = false`: none at all.
  keymaps = {
    accept = '<Tab>',
    accept_word = '<M-w>',
    accept_line = '<M-l>',
    next = '<M-n>',
    previous = '<M-p>',
    dismiss = '<C-]>',
    complete = '<M-\\>',
    complete_selection = '<M-\\>', -- of visual mode
  },
  -- Let Neovim (0.12 and newer) ask and draw, by vim.lsp.inline_completion.
  native = false,
  -- What the server is told: automatic, multiline, context, readAhead, maxTokens, candidates, confidence,
  -- steps.
  settings = {},
}

local types = {
  cmd = { 'string', 'table' },
  standalone = { 'boolean' },
  filetypes = { 'table' },
  enabled = { 'function' },
  auto = { 'boolean' },
  count = { 'boolean' },
  debounce_ms = { 'number' },
  highlight = { 'string' },
  keymaps = { 'table', 'boolean' },
  native = { 'boolean' },
  settings = { 'table' },
}

-- The options in force: the defaults until setup() was called.
M.current = vim.deepcopy(M.defaults)

-- Takes over what is right in `given`. Returns a sentence for each thing that is not.
function M.set(given)
  local complaints = {}
  local accepted = {}
  for name, value in pairs(vim.deepcopy(given)) do
    local allowed = types[name]
    if not allowed then
      table.insert(complaints, ("setup() knows no option '%s'"):format(name))
    elseif not vim.tbl_contains(allowed, type(value)) then
      table.insert(complaints, ("setup(): '%s' must be a %s"):format(name, table.concat(allowed, ' or ')))
    else
      accepted[name] = value
    end
  end
  if accepted.keymaps == true then
    accepted.keymaps = nil
  elseif accepted.keymaps == false then
    accepted.keymaps = vim.tbl_map(function()
      return false
    end, M.defaults.keymaps)
  end
  for name in pairs(accepted.keymaps or {}) do
    if M.defaults.keymaps[name] == nil then
      table.insert(complaints, ("setup() knows no key for '%s'"):format(name))
      accepted.keymaps[name] = nil
    end
  end
  M.current = vim.tbl_deep_extend('force', M.defaults, accepted)
  return complaints
end

return M
