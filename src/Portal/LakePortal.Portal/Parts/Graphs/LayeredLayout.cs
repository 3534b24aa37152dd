namespace LakePortal.Portal.Parts.Graphs;

/// <param name="Layer">0 is the first; every edge leads to a higher one.</param>
/// <param name="Order">Place within the layer, from 0.</param>
public sealed record PlacedNode(string Name, int Layer, int Order, double X, double Y);

/// <param name="Points">From the edge of the one node to the edge of the other, bending at the layers between.</param>
public sealed record PlacedEdge(string From, string To, IReadOnlyList<(double X, double Y)> Points);

public sealed record PlacedGraph(IReadOnlyList<PlacedNode> Nodes, IReadOnlyList<PlacedEdge> Edges, double Width, double Height);

/// <summary>
/// Draws a directed acyclic graph in layers, left to right (Sugiyama): layers by longest path, long edges through invisible nodes, eight
/// sweeps of ordering by barycentre. Same input, same drawing.
/// </summary>
public static class LayeredLayout
{
    public const double NodeWidth = 232;
    public const double NodeHeight = 44;
    private const double LayerGap = 56;
    private const double RowGap = 20;
    private const double Margin = 8;
    private const int Sweeps = 8;

    /// <param name="nodes">Unique names; their order decides between equals.</param>
    /// <param name="edges">From → to. Edges to unknown nodes are left out; an edge that closes a cycle is drawn but does not place nodes.</param>
    public static PlacedGraph Place(IReadOnlyList<string> nodes, IReadOnlyList<(string From, string To)> edges)
    {
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(edges);
        if (nodes.Count == 0)
        {
            return new PlacedGraph([], [], 2 * Margin, 2 * Margin);
        }

        var known = nodes.ToHashSet(StringComparer.Ordinal);
        var kept = edges.Where(e => known.Contains(e.From) && known.Contains(e.To) && e.From != e.To).Distinct().ToList();
        var layers = LayersOf(nodes, kept);
        var grid = new Grid(nodes, kept.Where(e => layers[e.From] < layers[e.To]).ToList(), layers);
        grid.Order(Sweeps);
        return grid.Draw(kept.Where(e => layers[e.From] >= layers[e.To]));
    }

    /// <summary>The longest path that ends in each node.</summary>
    private static Dictionary<string, int> LayersOf(IReadOnlyList<string> nodes, List<(string From, string To)> edges)
    {
        var layers = nodes.ToDictionary(n => n, _ => 0, StringComparer.Ordinal);
        var waiting = nodes.ToDictionary(n => n, n => edges.Count(e => e.To == n), StringComparer.Ordinal);
        var after = edges.ToLookup(e => e.From, e => e.To, StringComparer.Ordinal);
        var ready = new Queue<string>(nodes.Where(n => waiting[n] == 0));
        while (ready.TryDequeue(out var node))
        {
            foreach (var next in after[node])
            {
                layers[next] = Math.Max(layers[next], layers[node] + 1);
                if (--waiting[next] == 0)
                {
                    ready.Enqueue(next);
                }
            }
        }

        return layers;
    }

    private sealed class Grid
    {
        private readonly IReadOnlyList<string> _nodes;
        private readonly List<List<string>> _layers;
        private readonly List<(string From, string To)> _steps = [];
        private readonly Dictionary<(string From, string To), List<string>> _chains = [];

        public Grid(IReadOnlyList<string> nodes, List<(string From, string To)> edges, Dictionary<string, int> layers)
        {
            _nodes = nodes;
            _layers = [.. Enumerable.Range(0, layers.Values.Max() + 1).Select(_ => new List<string>())];
            foreach (var node in nodes)
            {
                _layers[layers[node]].Add(node);
            }

            foreach (var edge in edges)
            {
                var chain = new List<string> { edge.From };
                for (var layer = layers[edge.From] + 1; layer < layers[edge.To]; layer++)
                {
                    var dummy = $"\0{edge.From}\0{edge.To}\0{layer}";
                    _layers[layer].Add(dummy);
                    chain.Add(dummy);
                }

                chain.Add(edge.To);
                _chains[edge] = chain;
                _steps.AddRange(chain.Zip(chain.Skip(1)));
            }
        }

        public void Order(int sweeps)
        {
            var before = _steps.ToLookup(s => s.To, s => s.From, StringComparer.Ordinal);
            var after = _steps.ToLookup(s => s.From, s => s.To, StringComparer.Ordinal);
            for (var sweep = 0; sweep < sweeps; sweep++)
            {
                var forward = sweep % 2 == 0;
                for (var i = 1; i < _layers.Count; i++)
                {
                    var layer = forward ? i : _layers.Count - 1 - i;
                    var fixedLayer = _layers[forward ? layer - 1 : layer + 1];
                    var places = fixedLayer.Select((n, p) => (n, p)).ToDictionary(x => x.n, x => x.p, StringComparer.Ordinal);
                    var neighbours = forward ? before : after;
                    var weights = _layers[layer].Select((n, p) => (Node: n, Weight: neighbours[n].Any() ? neighbours[n].Average(m => places[m]) : p)).ToList();
                    _layers[layer] = [.. weights.OrderBy(w => w.Weight).Select(w => w.Node)];
                }
            }
        }

        public PlacedGraph Draw(IEnumerable<(string From, string To)> backward)
        {
            var rows = _layers.Max(l => l.Count);
            var height = rows * (NodeHeight + RowGap) - RowGap + 2 * Margin;
            var placed = new Dictionary<string, PlacedNode>(StringComparer.Ordinal);
            for (var layer = 0; layer < _layers.Count; layer++)
            {
                var offset = (rows - _layers[layer].Count) * (NodeHeight + RowGap) / 2;
                for (var order = 0; order < _layers[layer].Count; order++)
                {
                    var name = _layers[layer][order];
                    placed[name] = new PlacedNode(
                        name, layer, order, Margin + layer * (NodeWidth + LayerGap), Margin + offset + order * (NodeHeight + RowGap));
                }
            }

            var edges = _chains.Select(c => new PlacedEdge(c.Key.From, c.Key.To, Points(c.Value, placed)))
                .Concat(backward.Select(b => new PlacedEdge(b.From, b.To, Points([b.From, b.To], placed))));
            return new PlacedGraph(
                [.. _nodes.Select(n => placed[n])], [.. edges], _layers.Count * (NodeWidth + LayerGap) - LayerGap + 2 * Margin, height);
        }

        private static List<(double X, double Y)> Points(List<string> chain, Dictionary<string, PlacedNode> placed)
        {
            var points = new List<(double X, double Y)>();
            for (var i = 0; i < chain.Count; i++)
            {
                var node = placed[chain[i]];
                var middle = node.Y + NodeHeight / 2;
                if (i > 0)
                {
                    points.Add((node.X, middle));
                }

                if (i < chain.Count - 1)
                {
                    points.Add((node.X + NodeWidth, middle));
                }
            }

            return points;
        }
    }
}
