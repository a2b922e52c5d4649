-- Code actions of Rondo alone, at the cursor or for what is selected: chosen, made by the server, applied. One undo
-- takes one back.
local requests = require('rondo.requests')
local server = require('rondo.server')

local M = {}

M.selection = 'refactor.rewrite.rondo.completeSelection'

-- The UTF-16 position of a row (from 0) and a byte column.
local function position(bufnr, row, column)
  local line = vim.api.nvim_buf_get_lines(bufnr, row, row + 1, false)[1] or ''
  column = math.min(column, #line)
  local _, utf16 = vim.str_utfindex(line, column)
  return { line = row, character = utf16 }
end

-- `selected`: { first, last } as rows and byte columns, both from 0, `last` behind the end; nil: at the cursor.
local function range(bufnr, selected)
  if selected then
    return {
      start = position(bufnr, selected[1][1], selected[1][2]),
      ['end'] = position(bufnr, selected[2][1], selected[2][2]),
    }
  end
  local cursor = vim.api.nvim_win_get_cursor(0)
  local here = position(bufnr, cursor[1] - 1, cursor[2])
  return { start = here, ['end'] = here }
end

-- The diagnostics of the line at the cursor, in the words of the protocol.
local function diagnostics(bufnr, selected)
  local row = selected and selected[1][1] or vim.api.nvim_win_get_cursor(0)[1] - 1
  return vim.tbl_map(function(found)
    return {
      range = {
        start = position(bufnr, found.lnum, found.col),
        ['end'] = position(bufnr, found.end_lnum or found.lnum, found.end_col or found.col),
      },
      severity = found.severity,
      code = found.code,
      source = found.source,
      message = found.message,
    }
  end, vim.diagnostic.get(bufnr, { lnum = row }))
end

local function apply(client, action)
  if action.edit then
    vim.lsp.util.apply_workspace_edit(action.edit, client.offset_encoding or 'utf-16')
  end
  local command = type(action.command) == 'table' and action.command or action.edit == nil and action
  if command and command.command then
    requests.send(client, 'workspace/executeCommand', command, action.title, require('rondo.answer').show)
  end
end

local function make(client, action)
  if action.edit or type(action.command) == 'string' then
    return apply(client, action)
  end
  requests.send(client, 'codeAction/resolve', action, action.title, function(resolved)
    apply(client, resolved)
  end)
end

-- Offers the actions of a kind; one alone is made at once when `only` names just that kind.
function M.run(only, selected)
  local bufnr = vim.api.nvim_get_current_buf()
  local client, sentence = server.client(bufnr)
  if not client then
    return requests.say(sentence, vim.log.levels.WARN)
  end
  local params = {
    textDocument = { uri = vim.uri_from_bufnr(bufnr) },
    range = range(bufnr, selected),
    context = { diagnostics = diagnostics(bufnr, selected), only = only and { only } or nil, triggerKind = 1 },
  }
  requests.send(client, 'textDocument/codeAction', params, 'listing the actions', function(list)
    local actions = vim.tbl_filter(function(action)
      return not action.disabled
    end, type(list) == 'table' and list or {})
    if #actions == 0 then
      local disabled = type(list) == 'table' and list[1] and list[1].disabled
      requests.say(disabled and disabled.reason or 'there is nothing to be done here')
    elseif only and #actions == 1 then
      make(client, actions[1])
    else
      vim.ui.select(actions, {
        prompt = 'Rondo',
        format_item = function(action)
          return action.title
        end,
      }, function(action)
        if action then
          make(client, action)
        end
      end)
    end
  end)
end

-- What is selected in visual mode, which ends; else what was selected last.
function M.selected()
  if vim.api.nvim_get_mode().mode:match('^[vV\22]') then
    vim.cmd('normal! \27')
  end
  local first, last = vim.api.nvim_buf_get_mark(0, '<'), vim.api.nvim_buf_get_mark(0, '>')
  if first[1] == 0 then
    return nil
  end
  if vim.fn.visualmode() == 'V' then
    first[2], last[2] = 0, math.huge
  end
  local line = vim.api.nvim_buf_get_lines(0, last[1] - 1, last[1], false)[1] or ''
  local behind = math.min(last[2], #line)
  if behind < #line then
    behind = behind + #vim.fn.matchstr(line:sub(behind + 1), '^.')
  end
  return { { first[1] - 1, first[2] }, { last[1] - 1, behind } }
end

function M.complete_selection()
  local selected = M.selected()
  if not selected then
    return requests.say('nothing was selected yet')
  end
  M.run(M.selection, selected)
  return true
end

return M
