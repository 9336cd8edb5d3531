/* Scores a forest of decision trees: the bits of LightGBM, several times faster for many rows.
 *
 * What makes it fast: a step down a tree has no branch that depends on the data, and 16 steps that do not depend on each
 * other are taken side by side: 16 rows in one tree, or one row in 16 trees. What keeps the bits: the leaves of a row are
 * added up in the order of the trees, in one double, and the compiler may not contract or reorder.
 *
 * All that needs thought about a decision is settled when the model is read (splits.py), so that every step is
 * "second child if x >= limit". A missing x reaches no limit and goes to the first child. Where LightGBM sends it to the
 * other side, the children are swapped and the negated value is compared. A leaf looks at a column that is always
 * missing, and its first child is itself.
 *
 * Nothing is allocated, nothing shared is written: any number of threads may score with one forest. Indices are not
 * checked here; whoever packs a forest has checked them all.
 */
#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LANES 16 /* slower with 12 and with 20 (docs/benchmarks/engines.md) */
#define MOST_COLUMNS 512 /* 64 KiB of stack for a block of rows */
#define IN_SET 0x80000000u

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

/* A place is an address in units of 8 bytes behind the first node, a scale that processors have; a node takes two. */
typedef struct {
    union {
        double limit; /* of a leaf: its value */
        struct {
            uint32_t first_word, words;
        } set;
    };
    uint32_t column; /* the column's first lane; with IN_SET: second child if the code is in the set */
    uint32_t child;  /* the place of the first child; the second one lies behind it */
} Node;

static_assert(sizeof(Node) == 16, "four nodes share a cache line");

enum { MISSING, VALUE, NEGATED, NONZERO, NEGATED_NONZERO, CODE };

/* What the nodes look at: an input of the model, seen in one way. */
typedef struct {
    uint32_t input, view;
} Column;

enum { IDENTITY, SIGMOID, EXPONENTIAL };

typedef struct {
    const Node *nodes;
    const uint32_t *roots; /* places, a multiple of LANES of them */
    const Column *columns; /* at most MOST_COLUMNS; the first one is MISSING */
    const uint32_t *set_words;
    double sigmoid;
    uint32_t root_count, column_count, input_count, output;
    uint32_t has_sets;
} Forest;

INLINE double seen(double value, uint32_t view)
{
    const double nearly_zero = (double)1e-35f; /* LightGBM's bound of what is zero */
    switch (view) {
    case VALUE:
        return value;
    case NEGATED:
        return -value;
    case NONZERO:
        return fabs(value) <= nearly_zero ? NAN : value;
    case NEGATED_NONZERO:
        return fabs(value) <= nearly_zero ? NAN : -value;
    case CODE: /* what fits no code is in no set */
        return value > -1.0 && value < 2147483648.0 ? value : NAN;
    default:
        return NAN;
    }
}

INLINE bool in_set(const uint32_t *words, const Node *node, double code)
{
    if (isnan(code))
        return false;
    const uint32_t bit = (uint32_t)code, word = bit / 32;
    return word < node->set.words && (words[node->set.first_word + word] >> (bit % 32) & 1u);
}

INLINE const Node *node_at(const Forest *forest, uint32_t place)
{
    return (const Node *)((const char *)forest->nodes + (size_t)place * 8);
}

/* One step down; `lane` is what one row shows: column c of it at c * LANES. */
INLINE uint32_t step(const Forest *forest, uint32_t at, const double *lane, bool has_sets)
{
    const Node *node = node_at(forest, at);
    if (has_sets && (node->column & IN_SET))
        return node->child + 2u * in_set(forest->set_words, node, lane[node->column & ~IN_SET]);
    return node->child + 2u * (lane[node->column] >= node->limit);
}

/* Take all lanes down to their leaves; neighbouring lanes see values that lie `apart`. */
INLINE void descend(const Forest *forest, uint32_t at[LANES], const double *columns, size_t apart, bool has_sets)
{
    uint32_t moved;
    do { /* looking whether all have arrived costs as much as a step: every other time is best */
        for (size_t lane = 0; lane < LANES; lane++)
            at[lane] = step(forest, at[lane], columns + lane * apart, has_sets);
        moved = 0;
        for (size_t lane = 0; lane < LANES; lane++) {
            const uint32_t before = at[lane];
            at[lane] = step(forest, before, columns + lane * apart, has_sets);
            moved |= at[lane] ^ before;
        }
    } while (moved);
}

INLINE double score_of(const Forest *forest, double sum)
{
    switch (forest->output) {
    case SIGMOID:
        return 1.0 / (1.0 + exp(-forest->sigmoid * sum));
    case EXPONENTIAL:
        return exp(sum);
    default:
        return sum;
    }
}

/* Write what the nodes look at: column c of row l at c * LANES + l. */
INLINE void look(const Forest *forest, const double *rows, size_t count, double *columns)
{
    for (size_t c = 0; c < forest->column_count; c++) {
        const Column column = forest->columns[c];
        for (size_t row = 0; row < count; row++)
            columns[c * LANES + row] = seen(rows[row * forest->input_count + column.input], column.view);
    }
}

/* LANES rows, tree by tree. */
INLINE void score_block(const Forest *forest, const double *rows, double *scores, bool has_sets)
{
    double columns[MOST_COLUMNS * LANES];
    double sums[LANES] = {0.0};
    look(forest, rows, LANES, columns);
    for (uint32_t tree = 0; tree < forest->root_count; tree++) {
        uint32_t at[LANES];
        for (size_t lane = 0; lane < LANES; lane++)
            at[lane] = forest->roots[tree];
        descend(forest, at, columns, 1, has_sets);
        for (size_t lane = 0; lane < LANES; lane++)
            sums[lane] += node_at(forest, at[lane])->limit;
    }
    for (size_t lane = 0; lane < LANES; lane++)
        scores[lane] = score_of(forest, sums[lane]);
}

/* One row, LANES trees at a time. */
INLINE void score_row(const Forest *forest, const double *row, double *score, bool has_sets)
{
    double columns[MOST_COLUMNS * LANES];
    double sum = 0.0;
    look(forest, row, 1, columns);
    for (uint32_t tree = 0; tree < forest->root_count; tree += LANES) {
        uint32_t at[LANES];
        for (size_t lane = 0; lane < LANES; lane++)
            at[lane] = forest->roots[tree + lane];
        descend(forest, at, columns, 0, has_sets);
        for (size_t lane = 0; lane < LANES; lane++)
            sum += node_at(forest, at[lane])->limit;
    }
    *score = score_of(forest, sum);
}

INLINE void score_all(const Forest *forest, const double *rows, int64_t count, double *scores, bool has_sets)
{
    int64_t done = 0;
    for (; done + LANES <= count; done += LANES)
        score_block(forest, rows + done * forest->input_count, scores + done, has_sets);
    for (; done < count; done++)
        score_row(forest, rows + done * forest->input_count, scores + done, has_sets);
}

/* Score a row-major matrix [count, inputs] into `scores` [count]. */
void forest_score(const Forest *forest, const double *rows, int64_t count, double *scores)
{
    if (forest->has_sets)
        score_all(forest, rows, count, scores, true);
    else
        score_all(forest, rows, count, scores, false);
}
