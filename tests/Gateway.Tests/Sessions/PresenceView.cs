using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Sessions;

/// <summary>The users of a channel according to the messages of one client, read as the protocol says. For one thread.</summary>
internal sealed class PresenceView(string channel)
{
    private readonly SortedSet<string> _users = new(StringComparer.Ordinal);

    /// <summary>Users by name, in order, with a comma between.</summary>
    public string Users => string.Join(',', _users);

    /// <summary>The last <c>count</c>.</summary>
    public long Count { get; private set; }

    /// <summary>The joins of users who were present already, which a page would announce a second time.</summary>
    public List<string> Repeated { get; } = [];

    /// <summary>The users who were said to have left, or were no longer listed.</summary>
    public List<string> Left { get; } = [];

    public void Apply(IEnumerable<JsonElement> messages)
    {
        foreach (var message in messages)
            Apply(message);
    }

    public void Apply(JsonElement message)
    {
        if (message.Text("type") is not ("subscribed" or "presence") || message.Text("channel") != channel)
            return;
        Count = message.Number("count");
        if (message.Has("users"))
        {
            string[] users = message.Texts("users");
            Left.AddRange(_users.Except(users));
            _users.Clear();
            _users.UnionWith(users);
            return;
        }
        Repeated.AddRange(message.Texts("joined").Where(user => !_users.Add(user)));
        foreach (string user in message.Texts("left"))
        {
            Left.Add(user);
            _users.Remove(user);
        }
    }

    /// <summary>Reads all that a follower has received, from the beginning.</summary>
    public static PresenceView Of(IEnumerable<JsonElement> messages, string channel)
    {
        var view = new PresenceView(channel);
        view.Apply(messages);
        return view;
    }
}
