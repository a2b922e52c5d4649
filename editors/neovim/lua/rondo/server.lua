-- The server processes: one for each root, found, started, attached to buffers, and started again when it dies.
--
-- Whoever else starts a client named "rondo" (vim.lsp.enable) is welcome: a buffer that has one gets no other.
local options = require('rondo.options')

local uv = vim.uv or vim.loop

local M = {}

local max_restarts = 3
local restarts = 0 -- since setup() or :Rondo start
local stopped = false -- by the user, or given up
local problem -- why there is no server, as a sentence
local ids = {} -- of the newest client by root; 0.7 lists clients only when they are initialized
local gone = {} -- by id: has ended or was asked to; Neovim may list it for a while

-- Calls client.<name>: clients became objects with 0.11.
function M.call(client, name, ...)
  if vim.fn.has('nvim-0.11') == 1 then
    return client[name](client, ...)
  end
  return client[name](...)
end

-- ---- what to start ------------------------------------------------------------------------------------------------

-- The command, or nil and a sentence.
function M.command()
  local cmd = options.current.cmd
  if type(cmd) == 'table' then
    if vim.fn.executable(cmd[1]) == 1 then
      return cmd
    end
    return nil, ("'%s' of setup{ cmd } is not a program that can be run"):format(cmd[1])
  end
  local arguments = options.current.standalone and { 'lsp', '--standalone', '--stdio' } or { 'lsp', '--stdio' }
  for _, place in ipairs(cmd and { cmd } or { 'rondo', '~/.local/bin/rondo' }) do
    local program = vim.fn.exepath(vim.fn.expand(place))
    if program ~= '' then
      return vim.list_extend({ program }, arguments)
    end
  end
  if cmd then
    return nil, ("'%s' of setup{ cmd } is not a program that can be run"):format(cmd)
  end
  return nil,
    'the program `rondo` is neither on PATH nor in ~/.local/bin. '
      .. "Install it, or name it: require('rondo').setup{ cmd = '/path/to/rondo' }"
end

local function is_inside(path, folder)
  return vim.startswith(path .. '/', folder == '/' and '/' or folder .. '/')
end

-- The folder that a file belongs to: of its git repository, else the working directory when the file lies in it. nil
-- when that would be the home directory or one above: nobody means to have all of that read.
function M.root_of(path)
  local home = uv.os_homedir() or '/'
  local folder = vim.fn.fnamemodify(path, ':h')
  while not is_inside(home, folder) do
    if uv.fs_stat(folder .. '/.git') then
      return folder
    end
    folder = vim.fn.fnamemodify(folder, ':h')
  end
  local cwd = uv.cwd()
  return cwd and is_inside(path, cwd) and not is_inside(home, cwd) and cwd or nil
end

-- What vim.lsp.start() wants to know.
function M.config(root)
  local command, sentence = M.command()
  if not command then
    return nil, sentence
  end
  local capabilities = vim.lsp.protocol.make_client_capabilities()
  capabilities.textDocument.inlineCompletion = { dynamicRegistration = false }
  capabilities.experimental = { rondoAnswers = true } -- answer.lua shows them
  local settings = vim.tbl_isempty(options.current.settings) and vim.empty_dict() or options.current.settings
  return {
    name = 'rondo',
    cmd = command,
    root_dir = root,
    capabilities = capabilities,
    -- 0.7 is not asked for settings; newer ones answer with them.
    init_options = settings,
    settings = { rondo = settings },
    -- Every keystroke goes out at once: the server gives up what it was doing for the text before.
    flags = { debounce_text_changes = 0 },
    on_attach = vim.schedule_wrap(function(_, bufnr)
      require('rondo').attached(bufnr)
    end),
    on_exit = vim.schedule_wrap(function(code, signal, id)
      M.exited(code, signal, id)
    end),
  }
end

-- ---- clients ------------------------------------------------------------------------------------------------------

-- The clients of `bufnr`, or all; not those that have ended or were asked to.
local function clients(bufnr)
  local all
  if vim.lsp.get_clients then
    all = vim.lsp.get_clients({ bufnr = bufnr })
  elseif bufnr then
    all = vim.tbl_values(vim.lsp.buf_get_clients(bufnr))
  else
    all = vim.lsp.get_active_clients()
  end
  return vim.tbl_filter(function(client)
    return client.name == 'rondo' and not gone[client.id]
  end, all)
end

function M.clients()
  return clients()
end

-- The client that serves `bufnr`, once it can be asked; else nil and why.
function M.client(bufnr)
  local client = clients(bufnr)[1]
  if client and client.server_capabilities then
    return client
  end
  return nil, problem or 'the server is being started'
end

local models = {} -- by client id: a name, or "" while it is not known

-- Its model's name, for a status line; "" as long as it is not known.
function M.model(client)
  if models[client.id] == nil then
    models[client.id] = ''
    M.call(client, 'request', 'rondo/status', vim.empty_dict(), function(_, status)
      local model = type(status) == 'table' and status.model or {}
      models[client.id] = model.name
      if not model.name and model.state ~= 'failed' then
        models[client.id] = ''
        vim.defer_fn(function()
          models[client.id] = nil -- asked again when it is wanted again
        end, 1000)
      end
    end, vim.api.nvim_get_current_buf())
  end
  return models[client.id]
end

-- Attaches `bufnr` to the client for `config`, which is started when there is none. Returns its id.
local function start(config, bufnr)
  local key = config.root_dir or ''
  if vim.lsp.start then
    ids[key] = vim.lsp.start(config, {
      bufnr = bufnr,
      reuse_client = function(client, wanted)
        return client.name == wanted.name and client.config.root_dir == wanted.root_dir and not gone[client.id]
      end,
    })
  else
    ids[key] = ids[key] or vim.lsp.start_client(config)
    if ids[key] then
      vim.lsp.buf_attach_client(bufnr, ids[key])
    end
  end
  return ids[key]
end

-- Gives `bufnr` a server. REQUIRES: it is the buffer of a file that may be completed.
function M.attach(bufnr)
  if stopped or #clients(bufnr) > 0 then
    return
  end
  local config, sentence = M.config(M.root_of(vim.api.nvim_buf_get_name(bufnr)))
  if not config then
    problem = sentence
    return vim.notify_once('Rondo: ' .. sentence, vim.log.levels.WARN)
  end
  problem = nil
  if not start(config, bufnr) then
    problem = ('`%s` could not be started'):format(table.concat(config.cmd, ' '))
    stopped = true
  end
end

-- A server that ends by itself is started again, a few times.
function M.exited(code, signal, id)
  local was_gone = gone[id]
  gone[id] = true
  for root, newest in pairs(ids) do
    if newest == id then
      ids[root] = nil
    end
  end
  if was_gone or stopped or vim.v.exiting ~= vim.NIL or (code == 0 and signal == 0) then
    return
  end
  if restarts < max_restarts then
    restarts = restarts + 1
    return require('rondo').attach_all()
  end
  stopped = true
  problem = ('the server ended %d times, at last with code %d and signal %d; its words are in %s'):format(
    restarts + 1,
    code,
    signal,
    require('vim.lsp.log').get_filename()
  )
  vim.notify('Rondo: ' .. problem .. '. `:Rondo start` starts it again', vim.log.levels.WARN)
end

-- :Rondo start: servers may be started, as if nothing had happened.
function M.allow()
  stopped, problem, restarts = false, nil, 0
end

-- :Rondo stop.
function M.stop()
  stopped, problem = true, 'stopped by `:Rondo stop`'
  local all = clients()
  for _, id in pairs(ids) do
    table.insert(all, vim.lsp.get_client_by_id(id))
  end
  for _, client in ipairs(all) do
    if not gone[client.id] then
      gone[client.id] = true
      M.call(client, 'stop')
    end
  end
  ids = {}
end

return M
