// Many kinds of C++ functions, for comparing names; waits until its input ends.
#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace shop {
namespace {
__attribute__((noinline)) int in_anonymous_namespace(int value) { return value * 7 + 1; }
}  // namespace

template <int Number>
struct Step {
  __attribute__((noinline)) static int run(int value) {
    volatile int kept = value + Number;
    for (int turn = 0; turn < Number % 5 + 2; ++turn) kept = kept * 3 + turn;
    return kept;
  }
};

template <int... Numbers>
int run_all(int value, std::integer_sequence<int, Numbers...>) {
  int total = 0;
  ((total += Step<Numbers>::run(value)), ...);
  return total;
}

struct Price {
  virtual ~Price() = default;
  virtual double of(const std::string& product) const = 0;
  double operator+(const Price& other) const;
};

struct Fixed final : Price {
  double value = 1;
  explicit Fixed(double value) : value(value) {}
  __attribute__((noinline)) double of(const std::string& product) const override { return value * product.size(); }
};

__attribute__((noinline)) double Price::operator+(const Price& other) const { return of("a") + other.of("bc"); }

// GCC moves the unlikely part of this function into .text.unlikely, under the name with the suffix .cold
__attribute__((noinline)) int checked(const std::vector<int>& values, std::size_t index) {
  if (__builtin_expect(index >= values.size(), 0)) {
    std::fprintf(stderr, "index %zu is beyond the %zu values\n", index, values.size());
    throw std::string("beyond");
  }
  return values[index];
}
}  // namespace shop

static __attribute__((noinline)) int of_this_file(int value) { return value ^ 5; }

extern "C" __attribute__((noinline)) int plain_c_name(int value) { return value - 3; }

int main(int count, char**) {
  std::map<std::string, std::vector<int>> table;
  table["one"].push_back(count);
  std::function<int(int)> twice = [&table](int value) { return value * 2 + static_cast<int>(table.size()); };
  auto price = std::make_unique<shop::Fixed>(2.0);
  std::vector<std::pair<int, std::string>> pairs{{count, "a"}, {2, "b"}};
  std::sort(pairs.begin(), pairs.end());
  int total = shop::run_all(count, std::make_integer_sequence<int, 150>{}) + twice(count) + of_this_file(count);
  total += shop::in_anonymous_namespace(count) + plain_c_name(count) + shop::checked(table["one"], 0);
  std::printf("ready %d %f\n", total, *price + *price);
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}
