-- What a user's configuration calls. |rondo.txt| describes it.
local options = require('rondo.options')
local server = require('rondo.server')

local M = {}

-- Larger files are left alone: each is sent to the server as a whole.
local max_file_bytes = 4 * 1024 * 1024

local is_on = true -- :Rondo toggle
local is_set_up = false

-- How suggestions are asked for and drawn: by us, or by Neovim itself.
local function drawing()
  return options.current.native and require('rondo.native') or require('rondo.inline')
end

-- ---- which buffers ------------------------------------------------------------------------------------------------

-- Whether `bufnr` is a file that Rondo works in; if not, why.
local function is_served(bufnr)
  local wanted = vim.b[bufnr].rondo_enabled
  local filetype = vim.bo[bufnr].filetype
  local by_type = options.current.filetypes[filetype]
  if by_type == nil then
    by_type = options.current.filetypes['*']
  end
  local name = vim.api.nvim_buf_get_name(bufnr)
  if wanted == false then
    return false, 'b:rondo_enabled is false'
  elseif vim.bo[bufnr].buftype ~= '' or name == '' or name:match('^%a[%w+.-]+://') then
    return false, 'this buffer is no file'
  elseif not by_type and not wanted then
    return false, ("the file type '%s' is switched off in setup{ filetypes }"):format(filetype)
  elseif vim.api.nvim_buf_get_offset(bufnr, vim.api.nvim_buf_line_count(bufnr)) > max_file_bytes then
    return false, 'this file is too large'
  end
  return true
end

-- Whether suggestions may be asked for in `bufnr` just now; if not, why.
function M.may_complete(bufnr)
  if not is_set_up then
    return false, "require('rondo').setup() was not called"
  elseif not is_on then
    return false, 'switched off by `:Rondo toggle`'
  end
  local served, why = is_served(bufnr)
  if not served then
    return false, why
  elseif not options.current.enabled(bufnr) then
    return false, 'setup{ enabled } says no'
  end
  return true
end

local function attach(bufnr)
  if vim.api.nvim_buf_is_loaded(bufnr) and is_served(bufnr) then
    server.attach(bufnr)
  end
end

-- `bufnr` has a server now.
function M.attached(bufnr)
  drawing().attached(bufnr)
end

function M.attach_all()
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if vim.bo[bufnr].buflisted then
      attach(bufnr)
    end
  end
end

-- ---- commands and keys --------------------------------------------------------------------------------------------

-- Each key function returns whether it did something; if not, the key may mean something else.
function M.accept()
  return drawing().accept('all')
end

function M.accept_word()
  return drawing().accept('word')
end

function M.accept_line()
  return drawing().accept('line')
end

function M.next()
  return drawing().cycle(1)
end

function M.previous()
  return drawing().cycle(-1)
end

function M.dismiss()
  return drawing().dismiss()
end

-- Asks for several suggestions at the cursor.
function M.complete()
  return drawing().complete()
end

-- Completes or rewrites what is selected, or was last.
function M.complete_selection()
  return require('rondo.actions').complete_selection()
end

-- Offers what can be done at the cursor, or with what is selected.
function M.actions(selected)
  return require('rondo.actions').run(nil, selected)
end

-- Plans and makes a new module in `folder`.
function M.module(folder)
  return require('rondo.module').generate(folder)
end

function M.start()
  server.allow()
  M.attach_all()
end

function M.stop()
  drawing().hide()
  server.stop()
end

-- Switches suggestions off or on again, everywhere. b:rondo_enabled does so for one buffer.
function M.toggle()
  is_on = not is_on
  drawing().hide()
  drawing().switch(is_on)
  vim.notify('Rondo is ' .. (is_on and 'on' or 'off'), vim.log.levels.INFO)
end

-- A word or two for a status line.
function M.statusline()
  local bufnr = vim.api.nvim_get_current_buf()
  if not M.may_complete(bufnr) then
    return 'Rondo off'
  end
  local client = server.client(bufnr)
  local what = require('rondo.requests').what()
  if not client then
    return 'Rondo -'
  elseif what then
    return 'Rondo: ' .. what
  elseif drawing().is_waiting() then
    return 'Rondo ...'
  end
  local position = drawing().position()
  return 'Rondo ' .. (position or server.model(client))
end

-- ---- setup --------------------------------------------------------------------------------------------------------

local descriptions = {
  accept = 'accept the suggestion',
  accept_word = 'accept the next word of the suggestion',
  accept_line = 'accept the next line of the suggestion',
  next = 'show the next suggestion',
  previous = 'show the previous suggestion',
  dismiss = 'hide the suggestion',
  complete = 'ask for suggestions',
  complete_selection = 'complete what is selected',
}

function M.setup(given)
  for _, complaint in ipairs(options.set(given or {})) do
    vim.notify('Rondo: ' .. complaint, vim.log.levels.ERROR)
  end
  if options.current.native and not require('rondo.native').is_there() then
    vim.notify('Rondo: native = true needs Neovim 0.12; Rondo draws by itself', vim.log.levels.WARN)
    options.current.native = false
  end
  is_set_up = true
  require('rondo.answer').register()
  server.allow()
  for name, key in pairs(options.current.keymaps) do
    if key and name == 'complete_selection' then
      require('rondo.keymaps').set_visual(key, M[name], descriptions[name])
    elseif key then
      require('rondo.keymaps').set(key, M[name], descriptions[name])
    end
  end

  local group = vim.api.nvim_create_augroup('rondo', { clear = true })
  local function set_highlight()
    require('rondo.ghost').set_highlight(options.current.highlight)
  end
  set_highlight()
  vim.api.nvim_create_autocmd('ColorScheme', { group = group, callback = set_highlight })
  vim.api.nvim_create_autocmd({ 'BufEnter', 'BufFilePost', 'FileType' }, {
    group = group,
    callback = function(event)
      attach(event.buf)
    end,
  })
  drawing().start(group)
  M.attach_all()
end

return M
