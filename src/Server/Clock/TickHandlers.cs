namespace Gateway.Server.Clock;

/// <summary>
/// The services that the clock visits, as <see cref="ClockRegistration.AddTickHandler{T}"/> registered them. Found at the first tick: some
/// need the clock themselves.
/// </summary>
internal sealed class TickHandlers(IServiceProvider services, IEnumerable<TickHandlers.Registration> registrations)
{
    private readonly Lazy<ITickHandler[]> _all = new(() => [.. registrations.Select(registration => registration.Find(services))]);

    public IReadOnlyList<ITickHandler> All => _all.Value;

    /// <summary>One service. Immutable.</summary>
    /// <param name="Find">Finds it in the container, which disposes of it once: it is no service of its own.</param>
    internal sealed record Registration(Func<IServiceProvider, ITickHandler> Find);
}
