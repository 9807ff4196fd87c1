// Functions that keep frame pointers, for a build without unwind information.
volatile int sink;

__attribute__((noinline)) int leaf(int number)
{
    sink += number;
    return sink;
}

__attribute__((noinline)) int middle(int number)
{
    return leaf(number) + leaf(number + 1);
}

int main(int count, char **words)
{
    return middle(count) + words[0][0];
}
