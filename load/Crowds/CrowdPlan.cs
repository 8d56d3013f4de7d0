using System.Net;
using System.Numerics;
using Gateway.Load.Measuring;
using Gateway.Load.Sockets;

namespace Gateway.Load.Crowds;

/// <summary>Who the members of a <see cref="Crowd"/> are, where each connects and what it listens to. Safe for any thread.</summary>
internal sealed class CrowdPlan
{
    /// <summary>
    /// Members at one node from one loopback address: of some 28,000 ports the kernel tries one half first, and looks long for a free one
    /// when few of that half are left.
    /// </summary>
    private const int PerSourceAddress = 10_000;

    private readonly ConnectionTarget[] _nodes;
    private readonly byte[][] _requests;
    private readonly bool[] _mayEnd;
    private readonly LoadOptions _options;
    private readonly string? _subprotocol;
    private readonly CrowdChannel[] _own;
    private readonly int _stride;

    /// <param name="id">A part of the channels' names, which no earlier run has used.</param>
    /// <param name="options">The crowd's.</param>
    /// <param name="nodes">Where it connects.</param>
    /// <param name="loops">The number of loops that it is shared out over.</param>
    public CrowdPlan(string id, LoadOptions options, ConnectionTarget[] nodes, int loops)
    {
        _options = options;
        _nodes = nodes;
        _mayEnd = new bool[nodes.Length];
        _subprotocol = _options.Dialect.Subprotocol;
        _requests = [.. nodes.Select(node => node.Request(_subprotocol, null))];
        All = Channel(id, 0, "all");
        int singles = Math.Min(_options.Singles, _options.Connections);
        _own = [.. Enumerable.Range(1, singles).Select(i => Channel(id, (uint)i, $"one-{i}"))];
        OwnNext = new uint[singles];
        // Members with a channel of their own are spread over all nodes, as members are: one after the other.
        _stride = Math.Max(1, _options.Connections / Math.Max(1, singles));
        while (_stride > 1 && BigInteger.GreatestCommonDivisor(_stride, nodes.Length) > 1)
            _stride--;
        Delivery = new Series("delivery", loops);
        OwnDelivery = new Series("single delivery", loops);
    }

    public int Members => _options.Connections;

    /// <summary>Bytes of each message's content.</summary>
    public int ContentBytes => _options.Bytes;

    public int Nodes => _nodes.Length;

    /// <summary>The channel that everybody listens to.</summary>
    public CrowdChannel All { get; }

    /// <summary>The channels that one member each listens to.</summary>
    public IReadOnlyList<CrowdChannel> Own => _own;

    /// <summary>For each of them the next message that is due. Each is written by the loop of its member.</summary>
    public uint[] OwnNext { get; }

    public Series Delivery { get; }

    public Series OwnDelivery { get; }

    public Findings Findings { get; } = new();

    /// <summary>Whether members that were never connected may connect. Cleared where the machine has no room for more.</summary>
    public bool MayGrow { get; set; } = true;

    public static int NodeOf(int member, int nodes) => member % nodes;

    public IPEndPoint Address(int member) => _nodes[NodeOf(member, Nodes)].Address(0);

    /// <summary>The address that it comes from; null for the kernel's choice.</summary>
    public IPAddress? Source(int member)
    {
        int block = member / Nodes / PerSourceAddress;
        return block == 0 || !IPAddress.IsLoopback(Address(member).Address)
            ? null
            : new IPAddress([127, 255, (byte)(block >> 8), (byte)block]);
    }

    /// <summary>Its upgrade.</summary>
    public byte[] Request(int member)
    {
        int node = NodeOf(member, Nodes);
        return _options.Tokens.For(member, _options.Namespace) is { } token ? _nodes[node].Request(_subprotocol, token) : _requests[node];
    }

    /// <summary>The place of its own channel among <see cref="Own"/>; negative for a member without one.</summary>
    public int OwnOf(int member) => member % _stride == 0 && member / _stride < _own.Length ? member / _stride : -1;

    /// <summary>The member that a channel of <see cref="Own"/> belongs to.</summary>
    public int MemberOf(int own) => own * _stride;

    /// <summary>A node is about to end, so its members' connections may end too.</summary>
    public void Excuse(int node) => Volatile.Write(ref _mayEnd[node], true);

    /// <summary>Its members are back, and have to stay.</summary>
    public void ExcuseNobody() => Array.Clear(_mayEnd);

    public bool MayEnd(int member) => Volatile.Read(ref _mayEnd[NodeOf(member, Nodes)]);

    private CrowdChannel Channel(string id, uint number, string name) => new(number, $"{_options.Namespace}:{id}-{name}");
}
