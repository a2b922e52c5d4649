-- Actions that answer with something to read (explain, review): run as the command of the server that they are, and
-- shown in a floating window.
local requests = require('rondo.requests')

local M = {}

local command_name = 'rondo.answerAction'
local window -- of the last answer, which may be closed

function M.show(answer)
  if type(answer) ~= 'table' or type(answer.markdown) ~= 'string' then
    return
  end
  if window then
    pcall(vim.api.nvim_win_close, window, true)
  end
  local lines = vim.split(answer.markdown, '\n', { plain = true })
  window = select(2, vim.lsp.util.open_floating_preview(lines, 'markdown', {
    border = 'rounded',
    max_width = math.min(100, vim.o.columns - 4),
    max_height = math.max(3, vim.o.lines - 6),
  }))
end

-- So that vim.lsp.buf.code_action() shows it, too.
function M.register()
  vim.lsp.commands[command_name] = function(command, context)
    local client = vim.lsp.get_client_by_id(context.client_id)
    if client then
      local params = { command = command.command, arguments = command.arguments }
      requests.send(client, 'workspace/executeCommand', params, command.title, M.show)
    end
  end
end

return M
