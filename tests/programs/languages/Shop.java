// A known call graph: serve > priceOfCart > taxOf, where nearly all of the time goes.
public class Shop {
    static final int ROUNDS = 4000;

    static long taxOf(long price) {
        long tax = price;
        for (int round = 0; round < ROUNDS; round++) tax = (tax * 1103515245 + 12345 + round) % 2147483648L;
        return tax;
    }

    static long priceOfCart(long[] prices) {
        long sum = 0;
        for (long price : prices) sum += taxOf(price);
        return sum;
    }

    static long serve(long[] prices) {
        long end = System.nanoTime() + 50_000_000L, sum = 0;
        while (System.nanoTime() < end) sum += priceOfCart(prices);
        return sum;
    }

    public static void main(String[] words) throws InterruptedException {
        long[] prices = new long[40];
        for (int place = 0; place < prices.length; place++) prices[place] = place * 7;
        long sum = serve(prices);
        System.out.println("ready");
        while (sum != 42) {
            sum = serve(prices);
            Thread.sleep(2);
        }
    }
}
