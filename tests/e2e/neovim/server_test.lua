-- The whole way: Neovim, the plugin, the program named by RONDO_PROGRAM and its embedded model, in a copy of samples/.
-- What the model suggests is not looked at, only that it is shown where it would be inserted, and inserted so.
local Editor = require('editor')

local seconds = 120 -- for a slow machine that does other things, too

local folder = vim.loop.fs_realpath(vim.fn.tempname():match('^(.*)/')) .. '/shop'
vim.fn.mkdir(folder, 'p')
for _, path in ipairs(vim.fn.glob(Editor.source .. '/samples/shop/*.py', false, true)) do
  vim.fn.writefile(vim.fn.readfile(path, 'b'), folder .. '/' .. vim.fn.fnamemodify(path, ':t'), 'b')
end

-- What is suggested depends on what the engine has read before: so every test begins with a new one.
local function stop_daemon()
  vim.fn.system({ vim.env.RONDO_PROGRAM, 'daemon', 'stop' })
end

-- An editor in the folder, with checkout.py open.
local function open(t, options)
  t.editor:stop()
  stop_daemon()
  t.editor = Editor.start()
  t.editor:lua(
    [[
      local folder, program, options = ...
      vim.o.lines, vim.o.columns, vim.o.autoindent = 50, 100, true
      vim.cmd('filetype on')
      require('rondo').setup(vim.tbl_extend('error', { cmd = program }, options))
      vim.cmd('cd ' .. folder)
      vim.cmd('edit checkout.py')
    ]],
    folder,
    assert(vim.env.RONDO_PROGRAM, 'RONDO_PROGRAM is not set'),
    options or vim.empty_dict()
  )
end

local function wait_until_served(t)
  t.editor:wait_for("require('rondo.server').client(0)", seconds)
end

local function wait_until_shown(t)
  t.editor:wait_for("require('rondo.inline').is_shown()", seconds)
end

local function is_shown(t)
  return t.editor:lua("return require('rondo.inline').is_shown()")
end

-- In insert mode behind "discount = " in line 25 of checkout.py as it is on disk, with `text` typed there.
local function type_at_discount(t, text)
  t.editor:type('<C-\\><C-n>')
  t.editor:lua("vim.cmd('edit! checkout.py') vim.fn.cursor(25, 1)")
  t.editor:type('cc' .. text)
end

local function line(t)
  return t.editor:lua("return vim.api.nvim_get_current_line()")
end

local function messages(t)
  return t.editor:lua("return vim.api.nvim_exec('messages', true)")
end

local children = 'vim.api.nvim_get_proc_children(vim.fn.getpid())'

-- The process of the one server.
local function server(t)
  t.editor:wait_for('#' .. children .. ' == 1', seconds)
  return t.editor:lua('return ' .. children .. '[1]')
end

-- The process of the daemon behind it.
local function daemon()
  local report = vim.fn.json_decode(vim.fn.system({ vim.env.RONDO_PROGRAM, 'status', '--json' }))
  return report ~= vim.NIL and report.pid or nil
end

local function is_running(pid)
  return vim.loop.kill(pid, 0) == 0
end

return {
  {
    'what is suggested while typing is accepted as it was shown',
    function(t)
      open(t)
      type_at_discount(t, 'discount = vol')
      wait_until_shown(t)
      local screen = t.editor:screen()
      t.equal(line(t), '    discount = vol')
      t.editor:type('<Tab><Esc>')
      t.equal(t.editor:screen(), screen, 'screen')
      t.equal(vim.startswith(line(t), '    discount = vol') and #line(t) > #'    discount = vol', true, line(t))
      t.editor:type('u')
      t.equal(line(t), '    discount = vol')
    end,
  },
  {
    'a word is accepted, and the rest stays',
    function(t)
      type_at_discount(t, 'discount = vol')
      wait_until_shown(t)
      local screen = t.editor:screen()
      t.editor:type('<M-w>')
      t.matches(line(t), '^    discount = vol%g+$')
      t.equal(vim.startswith(t.editor:screen()[25], screen[25]), true, 'screen')
      t.editor:type('<Esc>')
    end,
  },
  {
    'dismissed, it is gone and the text as it was',
    function(t)
      type_at_discount(t, 'discount = vol')
      wait_until_shown(t)
      t.editor:type('<C-]>')
      t.equal(is_shown(t), false)
      t.equal(line(t), '    discount = vol')
      t.editor:type('<Esc>')
    end,
  },
  {
    'typing along asks nothing',
    function(t)
      open(t, { debounce_ms = 0 })
      wait_until_served(t)
      t.editor:lua([[
        local rpc = require('rondo.server').client(0).rpc
        local request = rpc.request
        _G.asked = 0
        rpc.request = function(method, ...)
          _G.asked = _G.asked + (method == 'textDocument/inlineCompletion' and 1 or 0)
          return request(method, ...)
        end
      ]])
      type_at_discount(t, 'discount = vol')
      wait_until_shown(t)
      local asked = t.editor:lua('return _G.asked')
      t.equal(asked > 0, true, 'asked')
      local screen = t.editor:screen()
      local key = screen[25]:match('^    discount = vol(%g)')
      t.editor:type(key)
      t.equal(t.editor:screen(), screen, 'screen')
      t.equal(line(t), '    discount = vol' .. key)
      t.editor:lua('')
      t.equal(t.editor:lua('return _G.asked'), asked, 'asked')
      t.editor:type('<Esc>')
    end,
  },
  {
    'only the answer to the newest question is shown',
    function(t)
      type_at_discount(t, '')
      for letter in ('discount = volume'):gmatch('.') do
        t.editor:type(letter == ' ' and '<Space>' or letter)
        t.editor:lua("require('rondo.inline').ask({ invoked = false })")
      end
      wait_until_shown(t)
      t.equal(line(t), '    discount = volume')
      local screen = t.editor:screen()
      t.matches(screen[25], '^    discount = volume%g')
      t.editor:type('<Tab><Esc>')
      t.equal(t.editor:screen(), screen, 'screen')
    end,
  },
  {
    'asked for, it comes behind letters of several bytes, too, and there may be others',
    function(t)
      type_at_discount(t, 'größe, 東京, discount = "𝄞", 2, vol')
      t.editor:type('<M-\\>')
      wait_until_shown(t)
      local screen = t.editor:screen()
      t.matches(screen[25], '^    größe, 東京, discount = "𝄞", 2, vol%g')
      t.editor:type('<M-n><M-p>')
      t.equal(t.editor:screen(), screen, 'screen')
      t.editor:type('<Tab><Esc>')
      t.equal(t.editor:screen(), screen, 'screen')
    end,
  },
  {
    'with auto = false, only what was asked for is shown',
    function(t)
      open(t, { auto = false })
      wait_until_served(t)
      type_at_discount(t, 'discount = vol')
      t.equal(t.editor:lua("return require('rondo.inline').is_waiting()"), false)
      t.editor:type('<M-\\>')
      wait_until_shown(t)
      t.editor:type('<Esc>')
      t.equal(is_shown(t), false)
      t.editor:lua("vim.cmd('Rondo complete')")
      wait_until_shown(t)
      t.equal(line(t), '    discount = vol')
      t.editor:type('<Esc>')
    end,
  },
  {
    'a file with CRLF keeps its line ends',
    function(t)
      open(t)
      -- The file itself: beside a copy of it the model has nothing to add.
      local original = vim.fn.readfile(folder .. '/checkout.py')
      local crlf = vim.tbl_map(function(text)
        return text .. '\r'
      end, original)
      vim.fn.writefile(crlf, folder .. '/checkout.py')
      t.editor:lua("vim.cmd('edit! checkout.py') vim.fn.cursor(25, 1)")
      t.equal(t.editor:lua('return vim.bo.fileformat'), 'dos')
      t.editor:type('ccdiscount = vol')
      wait_until_shown(t)
      t.editor:type('<Tab><Esc>:w<CR>')
      local written = vim.fn.readfile(folder .. '/checkout.py', 'b')
      t.matches(written[25], '^    discount = vol[^\r]+\r$')
      t.equal(#written, #crlf + 1)
      vim.fn.writefile(original, folder .. '/checkout.py')
    end,
  },
  {
    'the server is told the settings, and where the cursor comes to rest',
    function(t)
      open(t, { settings = { candidates = 2, multiline = true } })
      wait_until_served(t)
      t.editor:lua([[
        local rpc = require('rondo.server').client(0).rpc
        local notify = rpc.notify
        rpc.notify = function(method, params)
          _G.told = method == 'rondo/cursor' and params or _G.told
          return notify(method, params)
        end
        function _G.settings()
          local call, client = require('rondo.server').call, require('rondo.server').client(0)
          return call(client, 'request_sync', 'rondo/status', vim.empty_dict(), 10000, 0).result.settings
        end
      ]])
      t.editor:wait_for('_G.settings().multiline and _G.settings().candidates == 2', seconds)
      t.editor:type('7G$')
      t.editor:wait_for('_G.told', seconds)
      local line = vim.fn.readfile(folder .. '/checkout.py')[7]
      t.equal(t.editor:lua('return _G.told.position'), { line = 6, character = #line - 1 })
      t.matches(t.editor:lua('return _G.told.textDocument.uri'), '^file:///.*/checkout.py$')
    end,
  },
  {
    ':Rondo status and :Rondo why tell of the server and of the last suggestion',
    function(t)
      open(t)
      type_at_discount(t, 'discount = vol')
      wait_until_shown(t)
      t.editor:type('<Esc>')
      t.editor:lua("vim.cmd('Rondo status')")
      t.editor:wait_for([[vim.api.nvim_exec('messages', true):find('model: ready')]], seconds)
      t.editor:lua("vim.cmd('Rondo why')")
      t.editor:wait_for([[vim.api.nvim_exec('messages', true):find('asked while typing')]], seconds)
      t.matches(messages(t), 'Line 25, asked while typing: 1 suggestions')
    end,
  },
  {
    ':checkhealth asks the server',
    function(t)
      t.editor:lua("vim.cmd('checkhealth rondo')")
      local report = table.concat(t.editor:lines(), '\n')
      t.matches(report, 'OK:? rondo %d')
      t.matches(report, 'OK:? the server answers')
      t.matches(report, 'OK:? the model is ready')
      t.matches(report, 'OK:? checkout.py: served')
      t.editor:lua("vim.cmd('bwipeout!') vim.cmd('Rondo stop')")
      t.editor:wait_for('#' .. children .. ' == 0', seconds)
      t.editor:lua("vim.cmd('checkhealth rondo')")
      report = table.concat(t.editor:lines(), '\n')
      t.matches(report, 'OK:? the server answers')
      t.matches(report, 'WARNING:? checkout.py: nothing is suggested: stopped by `:Rondo stop`')
      t.editor:lua("vim.cmd('bwipeout!')")
    end,
  },
  {
    ':Rondo start goes on after :Rondo stop',
    function(t)
      stop_daemon()
      t.editor:lua("vim.cmd('Rondo start')")
      type_at_discount(t, 'discount = vol')
      wait_until_served(t)
      t.editor:type('u')
      wait_until_shown(t)
      t.editor:type('<Esc>')
    end,
  },
  {
    'when the server is killed, the editor goes on and gets another',
    function(t)
      local pid = server(t)
      type_at_discount(t, 'discount = vol')
      vim.loop.kill(pid, 'sigkill')
      stop_daemon()
      t.editor:type('ume')
      t.equal(line(t), '    discount = volume')
      t.editor:wait_for(("require('rondo.server').client(0) and %s[1] ~= %d"):format(children, pid), seconds)
      t.editor:type('_')
      wait_until_shown(t)
      t.editor:type('<Esc>')
      t.equal(server(t) ~= pid, true, 'another')
    end,
  },
  {
    'when the daemon is killed, suggestions come back by themselves',
    function(t)
      open(t)
      type_at_discount(t, 'discount = vol')
      wait_until_shown(t)
      t.editor:type('<C-]>')
      local server_before, killed = server(t), daemon()
      vim.loop.kill(killed, 'sigkill')
      t.editor:type('<BS>l')
      wait_until_shown(t)
      local screen = t.editor:screen()
      t.editor:type('<Tab><Esc>')
      t.equal(t.editor:screen(), screen, 'accepted')
      t.equal(server(t), server_before, 'the server that the editor started')
      t.equal(daemon() ~= killed, true, 'another daemon')
      t.equal(messages(t):find('Rondo'), nil, messages(t))
    end,
  },
  {
    'with standalone = true there is no daemon',
    function(t)
      open(t, { standalone = true })
      type_at_discount(t, 'discount = vol')
      wait_until_shown(t)
      t.equal(daemon(), nil)
    end,
  },
  {
    'the server ends with the editor',
    function(t)
      local pid = server(t)
      vim.rpcnotify(t.editor.channel, 'nvim_command', 'qall!')
      t.equal(vim.fn.jobwait({ t.editor.channel }, seconds * 1000)[1], 0, 'exit code')
      t.equal(
        vim.wait(seconds * 1000, function()
          return not is_running(pid)
        end, 20),
        true,
        'ended'
      )
    end,
  },
}
