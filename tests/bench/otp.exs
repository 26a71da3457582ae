# What Erlang's processes cost, by GenServer, measured as otp.c measures kvfs's actors: COUNT
# operations, one number, by wall clock. scripts/bench puts the two side by side.
#
#   call, call8, cast, start, stop      as in otp.c
#   memory                              bytes of a hibernated process with an empty map
#   memory_idle                         the same of one that waits, as it does unless it is told to hibernate
#
# usage: elixir otp.exs MEASUREMENT COUNT      prints ns an operation, or bytes

defmodule Otp.Counter do
  # Counts its casts, and its calls too, which it answers with the count.
  use GenServer

  def start() do
    {:ok, pid} = GenServer.start(__MODULE__, 0)
    pid
  end

  @impl true
  def init(count), do: {:ok, count}

  @impl true
  def handle_call(:count, _from, count), do: {:reply, count + 1, count + 1}

  @impl true
  def handle_cast(:count, count), do: {:noreply, count + 1}
end

defmodule Otp.Watcher do
  # Says when as many DOWNs have come as it has monitors: unlike kvfs's stop, GenServer's doesn't
  # promise that everybody has been told.
  use GenServer

  def start(pids) do
    {:ok, pid} = GenServer.start(__MODULE__, pids)
    pid
  end

  @impl true
  def init(pids) do
    Enum.each(pids, &Process.monitor/1)
    {:ok, {length(pids), nil}}
  end

  @impl true
  def handle_call(:await, _from, {0, nil}), do: {:reply, :ok, {0, nil}}
  def handle_call(:await, from, {left, nil}), do: {:noreply, {left, from}}

  @impl true
  def handle_info({:DOWN, _, :process, _, :normal}, {1, from}) when from != nil do
    GenServer.reply(from, :ok)
    {:noreply, {0, nil}}
  end

  def handle_info({:DOWN, _, :process, _, :normal}, {left, from}),
    do: {:noreply, {left - 1, from}}
end

defmodule Otp.Holder do
  # Gets a value by its key.
  use GenServer

  def start(map) do
    {:ok, pid} = GenServer.start(__MODULE__, map)
    pid
  end

  @impl true
  def init(map), do: {:ok, map}

  @impl true
  def handle_call({:get, key}, _from, map), do: {:reply, Map.get(map, key), map}
end

defmodule Otp.Idle do
  # Does nothing, hibernated or not.
  use GenServer

  def start(options \\ []) do
    {:ok, pid} = GenServer.start(__MODULE__, options)
    pid
  end

  @impl true
  def init([]), do: {:ok, %{}}
  def init([:hibernate]), do: {:ok, %{}, :hibernate}
end

defmodule Otp do
  @clients 8
  @keys 1000
  # Casts between two calls that wait for them, as in otp.c.
  @batch 10_000

  # Measures in a process of its own: this one's heap is full of what the compiler left.
  def main([name, count]) do
    main = self()
    spawn_link(fn -> send(main, {:measured, run(name, String.to_integer(count))}) end)

    receive do
      {:measured, number} -> IO.puts(Float.round(number, 1))
    end
  end

  defp run("memory", count), do: memory(count, [:hibernate])
  defp run("memory_idle", count), do: memory(count, [])

  # Once before it counts, for the code to be loaded and the schedulers to be awake.
  defp run(name, count) do
    _ = measure(name, div(count, 10) + 1)
    measure(name, count)
  end

  defp measure("call", count) do
    pid = Otp.Counter.start()
    each = ns_each(count, fn -> call_often(pid, count) end)
    :ok = GenServer.stop(pid)
    each
  end

  defp measure("call8", count) do
    keys = for i <- 1..@keys, do: "key #{i}"
    pid = Otp.Holder.start(Map.new(keys, &{&1, "value of " <> &1}))
    keys = List.to_tuple(keys)
    each = div(count, @clients) + 1
    clients = for _ <- 1..@clients, do: Task.async(fn -> client(pid, keys, each) end)
    Enum.each(clients, &send(&1.pid, :go))
    {begins, ends} = Enum.unzip(Task.await_many(clients, :infinity))
    :ok = GenServer.stop(pid)
    (Enum.max(ends) - Enum.min(begins)) / (each * @clients)
  end

  defp measure("cast", count) do
    pid = Otp.Counter.start()
    each = ns_each(count, fn -> cast_often(pid, count) end)
    :ok = GenServer.stop(pid)
    each
  end

  defp measure("start", count) do
    begin = now()
    pids = start_often(count, [])
    each = (now() - begin) / count
    stop_all(pids)
    each
  end

  defp measure("stop", count) do
    pids = start_often(count, [])
    watcher = Otp.Watcher.start(pids)

    each =
      ns_each(count, fn ->
        stop_all(pids)
        :ok = GenServer.call(watcher, :await, :infinity)
      end)

    :ok = GenServer.stop(watcher)
    each
  end

  defp now(), do: System.monotonic_time(:nanosecond)

  defp ns_each(count, fun) do
    begin = now()
    fun.()
    (now() - begin) / count
  end

  defp call_often(_pid, 0), do: :ok

  defp call_often(pid, left) do
    _ = GenServer.call(pid, :count, :infinity)
    call_often(pid, left - 1)
  end

  # From the first call of any client to the last answer: each says when its own were.
  defp client(pid, keys, count) do
    receive do
      :go -> :ok
    end

    begin = now()
    get_often(pid, keys, count)
    {begin, now()}
  end

  defp get_often(_pid, _keys, 0), do: :ok

  defp get_often(pid, keys, left) do
    _ = GenServer.call(pid, {:get, elem(keys, rem(left, @keys))}, :infinity)
    get_often(pid, keys, left - 1)
  end

  defp cast_often(pid, 0), do: GenServer.call(pid, :count, :infinity)

  defp cast_often(pid, left) do
    if rem(left, @batch) == 0, do: GenServer.call(pid, :count, :infinity)
    GenServer.cast(pid, :count)
    cast_often(pid, left - 1)
  end

  defp start_often(count, options), do: for(_ <- 1..count, do: Otp.Idle.start(options))

  defp stop_all([]), do: :ok

  defp stop_all([pid | pids]) do
    :ok = GenServer.stop(pid)
    stop_all(pids)
  end

  defp memory(count, options) do
    pids = start_often(count, options)
    Enum.each(pids, &await_rest(&1, options))
    total = Enum.reduce(pids, 0, fn pid, sum -> sum + elem(Process.info(pid, :memory), 1) end)
    total / count
  end

  defp await_rest(pid, options) do
    resting =
      if options == [:hibernate], do: {:erlang, :hibernate, 3}, else: {:gen_server, :loop, 7}

    case Process.info(pid, [:current_function, :status]) do
      [current_function: ^resting, status: :waiting] -> :ok
      _ -> await_rest(pid, options)
    end
  end
end

Otp.main(System.argv())
