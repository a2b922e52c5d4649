-- The same as inline.lua by Neovim's own inline completion (0.12 and newer), which asks and draws by itself and knows
-- neither words nor lines.
local server = require('rondo.server')

local M = {}

function M.is_there()
  return type(vim.lsp.inline_completion) == 'table'
end

function M.accept(how)
  return how == 'all' and vim.lsp.inline_completion.get() and true or false
end

function M.cycle(step)
  vim.lsp.inline_completion.select({ count = step })
  return true
end

-- Neovim hides its suggestion when insert mode ends, and offers no other way.
function M.dismiss()
  return false
end

function M.hide() end

-- It asks as one types; there is no way to ask for several.
function M.complete()
  return false
end

function M.position()
  return nil
end

function M.is_waiting()
  return false
end

function M.attached(_) end

function M.switch(on)
  for _, client in ipairs(server.clients()) do
    vim.lsp.inline_completion.enable(on, { client_id = client.id })
  end
end

function M.start(group)
  vim.api.nvim_create_autocmd('LspAttach', {
    group = group,
    callback = function(event)
      local client = vim.lsp.get_client_by_id(event.data.client_id)
      if client and client.name == 'rondo' then
        vim.lsp.inline_completion.enable(true, { client_id = client.id })
      end
    end,
  })
end

return M
