using System.Text;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Tests.Backplane;

/// <summary>
/// The node's side of a backplane, which writes down what arrives. Written from any thread; read it after the last delivery.
/// </summary>
internal sealed class Recorded : IBackplaneSink
{
    public List<(string Channel, string Content, long Seq, long Time)> Messages { get; } = [];

    /// <summary>The presence changes, as <c>+ann 1</c> and <c>-ann 0</c>.</summary>
    public List<string> Presence { get; } = [];

    public void OnPublication(ChannelName channel, in Publication publication)
    {
        lock (Messages)
            Messages.Add((channel.ToString(), Encoding.UTF8.GetString(publication.Payload.Bytes), publication.Seq, publication.Time));
    }

    public void OnPresence(ChannelName channel, PresenceChange change) =>
        Presence.Add($"{(change.Joined ? '+' : '-')}{change.User.Id} {change.Count}");

    public void OnPresenceLost(ChannelName channel) => throw new InvalidOperationException("Nothing is ever lost here.");

    public void OnInterrupted(ChannelName channel) => throw new InvalidOperationException("Nothing is ever interrupted here.");

    public void OnLost(ChannelName channel) => throw new InvalidOperationException("Nothing is ever lost here.");
}
