%% What happened in one run, in order. Supervisors tell it of starts and wait for its answer; it monitors what has
%% started and so learns how it ended, before whoever reacts to that end can say anything.
-module(twin_tracer).
-export([start/0, count_start/2, started/4, start_failed/2, escalated/2, named/3]).
-export([pid_of/2, id_of/2, is_orphan/2, note/2, take/1]).

start() ->
    Zero = erlang:monotonic_time(millisecond),
    spawn_link(fun() -> loop(#{
        zero => Zero, events => [], alive => #{}, last => #{}, starts => #{}, names => #{}, killed => #{}
    }) end).

%% The number of this start of the child, from 1.
count_start(Tracer, Id) -> call(Tracer, {count_start, Id}).
started(Tracer, Id, supervisor, Pid) -> ask(Tracer, {started, Id, supervisor, Pid});
started(Tracer, Id, Type, Pid) -> call(Tracer, {started, Id, Type, Pid}).
start_failed(Tracer, Id) -> call(Tracer, {event, [{event, start_failed}, {id, Id}]}).
escalated(Tracer, Id) -> call(Tracer, {event, [{event, escalated}, {id, Id}]}).
%% The name of a dynamic child, by the request that it was started with: numbered in order of starting.
named(Tracer, Template, Request) -> call(Tracer, {named, {self(), Template}, Template, Request}).
%% The pid it has, or had last; undefined when it never started.
pid_of(Tracer, Id) -> call(Tracer, {pid_of, Id}).
id_of(Tracer, Pid) -> call(Tracer, {id_of, Pid}).
%% Whether it stood below a supervisor that was killed.
is_orphan(Tracer, Pid) -> call(Tracer, {is_orphan, Pid}).
note(Tracer, Event) -> call(Tracer, {event, Event}).
take(Tracer) -> call(Tracer, take).

%% Lets those go first who have been told already: that a supervisor has started is said before what it does next.
call(Tracer, Request) ->
    erlang:yield(),
    ask(Tracer, Request).

ask(Tracer, Request) ->
    Mon = monitor(process, Tracer),
    Tracer ! {Mon, self(), lineage(), Request},
    receive
        {Mon, Answer} -> demonitor(Mon, [flush]), Answer;
        {'DOWN', Mon, process, _, _} -> exit(shutdown)
    end.

%% The caller, if it is a supervisor, and those above it.
lineage() ->
    [self() | [Pid || Pid <- case get('$ancestors') of undefined -> []; Pids -> Pids end, is_pid(Pid)]].

loop(State) ->
    receive
        {Mon, From, Lineage, Request} ->
            {Answer, Next} = answer(Request, Lineage, State),
            From ! {Mon, Answer},
            loop(Next);
        {'DOWN', _, process, Pid, Reason} ->
            loop(ended(Pid, Reason, State))
    end.

%% What stands below a killed supervisor dies with it, in no order: it goes without a trace.
answer(Request, Lineage, #{killed := Killed} = State) ->
    IsOrphan = lists:any(fun(Pid) -> is_map_key(Pid, Killed) end, Lineage),
    case Request of
        {started, _, _, _} when IsOrphan -> {ok, State};
        {event, _} when IsOrphan -> {ok, State};
        {count_start, _} when IsOrphan -> {0, State};
        {started, Id, Type, Pid} -> {ok, enter(Id, Type, Pid, Lineage, State)};
        _ -> answer(Request, State)
    end.

answer({count_start, Id}, #{starts := Starts} = State) ->
    Count = maps:get(Id, Starts, 0) + 1,
    {Count, State#{starts := Starts#{Id => Count}}};
answer({event, Event}, State) ->
    {ok, log(Event, State)};
answer({named, Counter, Template, Request}, #{names := Names} = State) ->
    case Names of
        #{Request := Name} ->
            {Name, State};
        _ ->
            Number = maps:get(Counter, Names, 0) + 1,
            Name = <<Template/binary, "-", (integer_to_binary(Number))/binary>>,
            {Name, State#{names := Names#{Counter => Number, Request => Name}}}
    end;
answer({pid_of, Id}, #{last := Last} = State) ->
    {maps:get(Id, Last, undefined), State};
answer({id_of, Pid}, #{last := Last} = State) ->
    {hd([Id || {Id, One} <- maps:to_list(Last), One =:= Pid] ++ [null]), State};
answer({is_orphan, Pid}, #{killed := Killed} = State) ->
    {is_map_key(Pid, Killed), State};
answer(take, #{events := Events} = State) ->
    {lists:reverse(Events), State}.

ended(Pid, Reason, #{alive := Alive} = State) ->
    case maps:take(Pid, Alive) of
        error ->
            State;
        {#{id := Id, type := Type}, Rest} ->
            Logged = log([{event, stop}, {id, Id}, {reason, word(Reason)}], State#{alive := Rest}),
            case {Type, Reason} of
                {supervisor, killed} -> forget_below(Pid, Logged);
                _ -> Logged
            end
    end.

enter(Id, Type, Pid, Lineage, #{alive := Alive, last := Last} = State) ->
    Entry = #{id => Id, type => Type, above => Lineage, monitor => monitor(process, Pid)},
    log([{event, start}, {id, Id}], State#{alive := Alive#{Pid => Entry}, last := Last#{Id => Pid}}).

forget_below(Killed, #{alive := Alive, killed := All} = State) ->
    Below = maps:filter(fun(_, #{above := Above}) -> lists:member(Killed, Above) end, Alive),
    maps:foreach(fun(_, #{monitor := Mon}) -> demonitor(Mon, [flush]) end, Below),
    State#{alive := maps:without(maps:keys(Below), Alive), killed := maps:merge(All#{Killed => true}, Below)}.

word(normal) -> normal;
word(shutdown) -> shutdown;
word({shutdown, _}) -> shutdown;
word(killed) -> killed;
word(_) -> crash.

log(Event, #{zero := Zero, events := Events} = State) ->
    AtMs = erlang:monotonic_time(millisecond) - Zero,
    State#{events := [[{atMs, AtMs} | Event] | Events]}.
