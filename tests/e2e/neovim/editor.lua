-- A Neovim with the plugin, driven as by a person: keys go in, buffer and screen are looked at. It runs in a process of
-- its own, without configuration; requests to it are handled after all keys that were typed before.
local Editor = {}
Editor.__index = Editor

local source = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h:h:h:h')

-- The folder of the source tree.
Editor.source = source

local prelude = [[
  vim.opt.runtimepath:prepend(...)
  vim.cmd('runtime plugin/rondo.lua')
  vim.o.lines, vim.o.columns, vim.o.shortmess = 16, 60, vim.o.shortmess .. 'aoOtTIcF'
  -- Answers a question at the cursor, as if a server had.
  function _G.question(how)
    local cursor = vim.api.nvim_win_get_cursor(0)
    local at = { bufnr = vim.api.nvim_get_current_buf(), row = cursor[1] - 1, column = cursor[2] }
    return vim.tbl_extend('force', at, { tick = vim.b.changedtick, invoked = false }, how or {})
  end
  function _G.suggest(items, how)
    require('rondo.inline').answer(_G.question(how), nil, { items = items })
  end
]]

-- Starts one; `environment` is added to ours.
function Editor.start(environment)
  local self = setmetatable({}, Editor)
  self.channel = vim.fn.jobstart(
    { vim.v.progpath, '--embed', '--headless', '-u', 'NONE', '-i', 'NONE', '-n' },
    { rpc = true, env = environment }
  )
  self:lua(prelude, source .. '/editors/neovim')
  return self
end

function Editor:stop()
  vim.fn.jobstop(self.channel)
  vim.fn.jobwait({ self.channel })
end

-- Runs Lua code in the editor; `...` are its arguments.
function Editor:lua(code, ...)
  return vim.rpcrequest(self.channel, 'nvim_exec_lua', code, { ... })
end

-- Types keys (<Esc>, <Tab>) and waits until they are handled.
function Editor:type(keys)
  vim.rpcrequest(self.channel, 'nvim_input', keys)
  self:lua('')
end

-- Waits until the Lua expression is true. Fails after `seconds` (20).
function Editor:wait_for(expression, seconds)
  local code = 'return (' .. expression .. ') and true or false'
  local done = vim.wait((seconds or 20) * 1000, function()
    return self:lua(code)
  end, 10)
  if not done then
    local messages = self:lua("return vim.api.nvim_exec('messages', true)")
    local screen = table.concat(self:screen(), '\n')
    error(('never true: %s\nscreen:\n%s\nmessages:\n%s'):format(expression, screen, messages), 2)
  end
end

function Editor:lines()
  return self:lua('return vim.api.nvim_buf_get_lines(0, 0, -1, false)')
end

-- { row, column }, from 1, the column in bytes.
function Editor:cursor()
  return self:lua('local at = vim.api.nvim_win_get_cursor(0) return { at[1], at[2] + 1 }')
end

-- The rows of the screen down to the last one that shows text of the buffer, without trailing blanks.
function Editor:screen()
  local rows = self:lua([[
    vim.cmd('redraw')
    local rows = {}
    for row = 1, vim.o.lines - 2 do
      local cells = {}
      for column = 1, vim.o.columns do
        table.insert(cells, vim.fn.screenstring(row, column))
      end
      table.insert(rows, (table.concat(cells):gsub('%s+$', '')))
    end
    return rows
  ]])
  while #rows > 1 and (rows[#rows] == '~' or rows[#rows] == '') do
    table.remove(rows)
  end
  return rows
end

-- Fills the buffer and puts the cursor, in insert mode, where `^` is in `text`.
function Editor:put(text)
  self:type('<C-\\><C-n>')
  local before = text:match('^(.*)%^')
  local row = select(2, before:gsub('\n', '\n')) + 1
  local column = #before:match('[^\n]*$')
  self:lua(
    [[
      local lines, row, column = ...
      vim.api.nvim_buf_set_lines(0, 0, -1, false, lines)
      vim.cmd(column == #lines[row] and 'startinsert!' or 'startinsert')
      vim.api.nvim_win_set_cursor(0, { row, column })
    ]],
    vim.split((text:gsub('%^', '', 1)), '\n', { plain = true }),
    row,
    column
  )
  self:lua('')
end

-- What put() takes, of the buffer as it is.
function Editor:text()
  local lines, cursor = self:lines(), self:cursor()
  local line = lines[cursor[1]]
  lines[cursor[1]] = line:sub(1, cursor[2] - 1) .. '^' .. line:sub(cursor[2])
  return table.concat(lines, '\n')
end

return Editor
