-- Longer requests: one at a time, shown in the status line, ended by :Rondo cancel.
local server = require('rondo.server')

local M = {}

local running -- { client_id, id, what }

local function say(text, level)
  vim.notify('Rondo: ' .. text, level or vim.log.levels.INFO)
end

M.say = say

-- What is being worked on, in a few words; nil: nothing.
function M.what()
  return running and running.what
end

-- Asks `client`; `done` gets the answer, and is not called when there is none: the user is told why.
function M.send(client, method, params, what, done)
  if running then
    return say(running.what .. ' is still under way. `:Rondo cancel` ends it', vim.log.levels.WARN)
  end
  local this = { client_id = client.id, what = what }
  running = this
  local sent, id = server.call(client, 'request', method, params, function(err, result)
    if running == this then
      running = nil
    end
    if this.cancelled then
      return
    elseif err then
      return say(err.message, vim.log.levels.ERROR)
    end
    done(result)
  end, vim.api.nvim_get_current_buf())
  this.id = id
  if not sent then
    running = nil
    say('the server is not running', vim.log.levels.ERROR)
  end
end

function M.cancel()
  if not running then
    return say('nothing is under way')
  end
  running.cancelled = true
  local client = vim.lsp.get_client_by_id(running.client_id)
  if client and running.id then
    server.call(client, 'cancel_request', running.id)
  end
  say(running.what .. ' was cancelled')
  running = nil
end

return M
